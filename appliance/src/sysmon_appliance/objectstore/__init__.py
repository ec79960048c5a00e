"""Where segment files lie: a local folder, and an object store behind it."""
