"""The log of every program: one line on standard error per event, its data behind the sentence as name=value."""

import json
import logging
from collections.abc import Iterable

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


class LineFormatter(logging.Formatter):
    """Time, level, logger and sentence, then the data that came as `extra`, then a traceback if there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        data = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        first, newline, traceback = super().format(record).partition("\n")
        return first + "".join(f" {name}={_quoted(value)}" for name, value in data.items()) + newline + traceback


def set_up_logging(level: str, *, quiet: Iterable[str] = ()) -> None:
    """Log everything from `level` up, and from warnings up what the loggers named in `quiet` say."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)


def _quoted(value: object) -> str:
    """Show a value on one line, quoted where it could be mistaken for more than one."""
    text = str(value)
    return text if text.isprintable() and not set(text) & set(' "=') else json.dumps(text)
