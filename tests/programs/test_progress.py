"""What is shown while something takes long."""

import io
import threading

import pytest

from appliance.tools.programs import progress
from appliance.tools.programs.progress import Progress, spoken


class Terminal(io.StringIO):
    """A terminal that tells when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self.written.set()


def test_a_terminal_shows_what_is_being_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal has one line that says what is being done, and that is gone at the end."""
    monkeypatch.setattr(progress, "TERMINAL_SECONDS", 0.001)
    terminal = Terminal()
    with Progress("Greeter", terminal) as shown:
        shown.doing("compiles greeter")
        terminal.written.clear()
        assert terminal.written.wait(30)
    assert "compiles greeter" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (100, "1 min 40 s")])
def test_durations_are_spoken(seconds: float, text: str) -> None:
    """A duration is said in minutes and seconds."""
    assert spoken(seconds) == text
