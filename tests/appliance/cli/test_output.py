import io

from rich.console import Console

from sysmon_appliance.cli.output import Cell, Table
from sysmon_appliance.cli.terminal import draw

TABLE = Table(("name", "cpu"), [[Cell("a", style="bold"), Cell("50%", value=0.5, ratio=0.5)]], frozenset({"cpu"}))


def drawn(**options: object) -> str:
    output = io.StringIO()
    draw(TABLE, Console(file=output, force_terminal=True, width=40, **options))  # type: ignore[arg-type]
    return output.getvalue()


def test_a_terminal_gets_meters_and_colour() -> None:
    """On a terminal a ratio is drawn as a meter, in colour."""
    text = drawn(_environ={})
    assert "━━━━" in text
    assert "\x1b[3" in text


def test_no_color_is_honoured() -> None:
    """NO_COLOR takes the colours away and leaves the meter."""
    text = drawn(_environ={"NO_COLOR": "1"})
    assert "━" * 8 in text
    assert "\x1b[3" not in text
