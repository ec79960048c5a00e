"""The short-lived process that writes segments, so that compressing shares no interpreter with ingest."""
