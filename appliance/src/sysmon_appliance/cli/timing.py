"""Moments as tables show them."""

from datetime import UTC, datetime

from sysmon_appliance.cli.output import Cell
from sysmon_appliance.cli.quantities import duration_text


def moment_cell(ms: int | None) -> Cell:
    """Show a moment of UTC; a dash where there was none."""
    return _utc_cell(ms, "%Y-%m-%d %H:%M")


def second_cell(ms: int | None) -> Cell:
    """Show a moment of UTC to the second; a dash where there was none."""
    return _utc_cell(ms, "%Y-%m-%d %H:%M:%S")


def date_cell(ms: int | None) -> Cell:
    """Show the day of a moment of UTC; a dash where there was none."""
    return _utc_cell(ms, "%Y-%m-%d")


def ago_cell(ms: int | None, now_ms: int) -> Cell:
    """Show how long ago a moment was; "never" where there was none."""
    if not ms:
        return Cell("never", value="")
    return Cell(f"{duration_text((now_ms - ms) / 1000)} ago", value=ms)


def left_cell(ms: int, now_ms: int) -> Cell:
    """Show how long it is until a moment."""
    if ms <= now_ms:
        return Cell("expired", value=ms, style="red")
    return Cell(f"in {duration_text((ms - now_ms) / 1000)}", value=ms)


def _utc_cell(ms: int | None, form: str) -> Cell:
    if not ms:
        return Cell("-", value="")
    return Cell(datetime.fromtimestamp(ms / 1000, UTC).strftime(form), value=ms)
