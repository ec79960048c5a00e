"""Log lines on standard error: one per event, its data behind it as name=value."""

import json
import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        data = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line = super().format(record)
        first, newline, traceback = line.partition("\n")
        return first + "".join(f" {name}={_quoted(value)}" for name, value in data.items()) + newline + traceback


def set_up_logging(level: str) -> None:
    """Log everything from `level` up; what web server and event loop say about themselves, from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("uvicorn", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _quoted(value: object) -> str:
    """Show a value on one line, quoted where it could be mistaken for more than one."""
    text = str(value)
    return text if text.isprintable() and not set(text) & set(' "=') else json.dumps(text)
