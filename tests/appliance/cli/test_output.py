import io

import pytest
from rich.console import Console

from sysmon_appliance.cli.output import Cell, Table, print_table, watch
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


def test_names_command_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control codes in what hosts and browsers call themselves are shown as what they are, not sent to the terminal."""
    print_table(Table(("\x1b[2J",), [[Cell("a\x1b]0;owned\x07\nb\x9b31m")]]))
    assert capsys.readouterr().out == "\ufffd[2J\na\ufffd]0;owned\ufffd\ufffdb\ufffd31m\n"


def test_watching_shows_until_it_is_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    """Watching shows again and again, ends well on Ctrl-C, and clears nothing where there is no terminal."""
    shown: list[int] = []

    def show() -> None:
        shown.append(len(shown))
        if len(shown) == 3:
            raise KeyboardInterrupt

    watch(show, pause_seconds=0.001)
    assert shown == [0, 1, 2]
    assert not capsys.readouterr().out
