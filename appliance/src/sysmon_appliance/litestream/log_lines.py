"""What programs of Litestream's log, carried into the log of this one."""

import json
import logging
import re
from dataclasses import dataclass

from sysmon_agent.clock import Clock

_log = logging.getLogger(__name__)

_LINE = re.compile(r'level=(?P<level>\w+) msg=(?P<text>"(?:[^"\\]|\\.)*"|\S+) ?(?P<data>.*)')
_QUIET_SECONDS = 60.0
"""While a store does not answer, the same is said each second."""

_LEVELS = {"WARN": logging.WARNING, "ERROR": logging.WARNING}
"""It tries again after each of its errors; what nobody can go on from is reported by who waits for it."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line, taken apart."""

    level: str  # empty where the line is no entry of a log
    text: str
    data: str = ""


def parse(line: str) -> LogLine:
    """Take a line apart."""
    found = _LINE.search(line)
    if found is None:
        return LogLine("", line.strip())
    text = found["text"]
    return LogLine(found["level"], _unquoted(text) if text.startswith('"') else text, found["data"])


class LogLines:
    """Logs what one program says; the same sentence once a minute, the rest of them for debugging alone."""

    def __init__(self, program: str, clock: Clock, *, secret: str = "") -> None:
        self._program = program
        self._clock = clock
        self._secret = secret
        self._said: dict[str, float] = {}

    def log(self, line: LogLine) -> None:
        level = _LEVELS.get(line.level, logging.INFO if not line.level else logging.DEBUG)
        if level > logging.DEBUG and self._was_said(line.text):
            level = logging.DEBUG
        extra = {"program": self._program, "said": self._clean(line.text), "detail": self._clean(line.data)}
        _log.log(level, "Litestream has something to say.", extra=extra)

    def _was_said(self, text: str) -> bool:
        now = self._clock.monotonic()
        self._said = {known: since for known, since in self._said.items() if now - since < _QUIET_SECONDS}
        if text in self._said:
            return True
        self._said[text] = now
        return False

    def _clean(self, text: str) -> str:
        return text.replace(self._secret, "…") if self._secret else text


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:  # an escape of Go's that JSON does not have
        return text[1:-1]
