"""Moments as people read them."""

from datetime import UTC, datetime


def shown(moment_ms: int) -> str:
    """Return a moment as date and time in UTC, to the second."""
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
