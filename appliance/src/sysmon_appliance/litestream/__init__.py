"""Litestream: the programs that write, restore and follow the replica of the live database."""
