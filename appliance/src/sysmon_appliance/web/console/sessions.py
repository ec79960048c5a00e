"""Sessions in a small file beside the live database, so that a restarted aggregator knows its browsers."""

import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sysmon_appliance.domain.access import Grant
from sysmon_appliance.files import replace_file

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
        replace_file(self._path, msgspec.json.encode(list(sessions)))
