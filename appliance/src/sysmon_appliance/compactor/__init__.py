"""The process that seals and merges, beside the aggregator and apart from it."""
