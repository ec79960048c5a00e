"""What Litestream says, in the log of the aggregator."""

import logging

import pytest

from sysmon_appliance.litestream.log_lines import LogLine, LogLines, parse
from tests.support.clock import ManualClock


def test_a_line_is_taken_apart() -> None:
    """Level, sentence, and the rest of an entry are told apart; quotes are undone."""
    line = r'time=2026-01-01T00:00:00Z level=ERROR msg="sync \"error\"" db=live.sqlite error="no route"'
    assert parse(line) == LogLine("ERROR", 'sync "error"', 'db=live.sqlite error="no route"')
    assert parse("level=INFO msg=litestream version=v0.5.18\n") == LogLine("INFO", "litestream", "version=v0.5.18")
    assert parse(r'level=INFO msg="a\x00b"') == LogLine("INFO", r"a\x00b")
    assert parse("Error: no such bucket\n") == LogLine("", "Error: no such bucket")


def test_what_goes_well_is_for_debugging(caplog: pytest.LogCaptureFixture) -> None:
    """Only warnings, errors and what is no entry at all are shown to people."""
    lines = LogLines("replicate", ManualClock())
    with caplog.at_level(logging.DEBUG):
        for level in ("DEBUG", "INFO", "WARN", "ERROR", ""):
            lines.log(LogLine(level, f"said with {level}"))
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.DEBUG, logging.DEBUG, logging.WARNING, logging.WARNING, logging.INFO]


def test_what_is_said_again_and_again_is_shown_once(caplog: pytest.LogCaptureFixture) -> None:
    """While a store is away, the same sentence is shown once a minute, and not each second."""
    clock = ManualClock()
    lines = LogLines("replicate", clock)
    with caplog.at_level(logging.INFO):
        for attempt in range(50):
            lines.log(LogLine("ERROR", "sync error", f"attempt={attempt}"))
        lines.log(LogLine("ERROR", "another error"))
        assert len(caplog.records) == 2
        clock.advance(61)
        lines.log(LogLine("ERROR", "sync error"))
    assert len(caplog.records) == 3


def test_a_secret_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Should a line quote the secret, it is taken out."""
    lines = LogLines("replicate", ManualClock(), secret="hush")  # noqa: S106 - it is made up
    with caplog.at_level(logging.DEBUG):
        lines.log(LogLine("ERROR", "signed with hush", "key=hush"))
    assert "hush" not in str(vars(caplog.records[0]))
