"""Sessions in a small file beside the live database, so that a restarted aggregator knows its browsers."""

import contextlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sysmon_appliance.domain.access import Grant

FILE_NAME = "sessions.json"

_log = logging.getLogger(__name__)


class SessionFile:
    """A SessionStore. The file holds hashes only, has mode 0600, and is replaced whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> list[Grant]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Grant])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError):
            _log.warning("The file of sessions could not be read; browsers must sign in again.", exc_info=True)
            return []

    def save(self, sessions: Sequence[Grant]) -> None:
        fresh = self._path.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(list(sessions)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
