"""Files of history for other programs, and from them: CSV, Parquet, OpenMetrics."""
