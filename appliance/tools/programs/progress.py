"""Shows that something long goes on: a line that renews itself on a terminal, a line now and then in a log."""

import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

LINE_SECONDS = 30.0
TERMINAL_SECONDS = 1.0
WIDTH = 100


class Progress:
    """What is being done, and for how long; everything goes to one stream."""

    def __init__(self, title: str, stream: TextIO = sys.stdout) -> None:
        self._title = title
        self._stream = stream
        self._live = stream.isatty()
        self._started = time.monotonic()
        self._doing = "begins"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    @property
    def elapsed(self) -> str:
        return spoken(time.monotonic() - self._started)

    def doing(self, what: str) -> None:
        """Say what is being done now; shown when it is time to."""
        self._doing = what

    def _show(self) -> None:
        pause = TERMINAL_SECONDS if self._live else LINE_SECONDS
        while not self._ended.wait(pause):
            line = f"{self._title}: {self.elapsed}, {self._doing}"[:WIDTH]
            self._stream.write(f"\r\x1b[K{line}" if self._live else f"{line}\n")
            self._stream.flush()


def spoken(seconds: float) -> str:
    """Say a duration, such as `1 min 40 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
