"""Local mode: one command that runs an aggregator and an agent on one host, in a folder of the user's own."""
