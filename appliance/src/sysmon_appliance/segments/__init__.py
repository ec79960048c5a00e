"""Segment files: how ticks, rollups and tables are packed into SQLite, and read back."""
