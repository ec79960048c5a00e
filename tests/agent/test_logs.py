import logging

from sysmon_agent.logs import LineFormatter


def formatted(**values: object) -> str:
    """Format a record of the first second of 1970, without the time, which depends on where one is."""
    record = logging.makeLogRecord({"created": 0.0, "name": "uplink", "levelname": "WARNING"} | values)
    return LineFormatter().format(record).partition(" WARNING ")[2]


def test_events_are_logged_with_their_data() -> None:
    """A line of the log has logger, sentence and data."""
    assert formatted(msg="Delivery waits.", reason="closed", ticks=2) == "uplink: Delivery waits. reason=closed ticks=2"


def test_data_stays_on_its_line() -> None:
    """Data with blanks, quotes or line ends is quoted, so that one line is one event."""
    assert formatted(msg="Delivery waits.", reason='no "route"\nhere') == (
        'uplink: Delivery waits. reason="no \\"route\\"\\nhere"'
    )
