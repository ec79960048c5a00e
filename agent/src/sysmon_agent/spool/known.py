"""Addresses of aggregators that this host has learned: a small file in the spool's folder, one HOST:PORT a line.

The agent writes what aggregators tell it, and the programs that it starts what they find; each replaces the file as a
whole, and whatever one of them overwrites is learned again. The addresses of the settings are not in it.
"""

import os
from collections.abc import Iterable

from sysmon_agent.config.addresses import destination
from sysmon_agent.spool.state import write_whole

MAX_KNOWN = 16
_MAX_BYTES = 8192


class KnownAggregators:
    """The file of one spool's folder."""

    def __init__(self, folder: str) -> None:
        self._path = f"{folder}/aggregators"
        self._read_at = 0  # the file's time when it was read

    def read(self) -> tuple[str, ...]:
        """Return the addresses, the newest first; lines that are no address are passed over."""
        self._read_at = self._time()
        try:
            with open(self._path, encoding="ascii", errors="replace") as file:
                lines = file.read(_MAX_BYTES).splitlines()
        except OSError:
            return ()
        return tuple(filter(None, map(destination, lines)))[:MAX_KNOWN]

    def has_changed(self) -> bool:
        """Whether somebody else has written since the last reading."""
        return self._time() != self._read_at

    def write(self, addresses: Iterable[str]) -> None:
        """Replace the addresses.

        Raises
        ------
        OSError
            The file is as it was before.
        """
        body = "".join(f"{address}\n" for address in addresses).encode()
        # Each process has a draft of its own. The agent must read what root has written for it.
        write_whole(self._path, body, draft=f"{self._path}.{os.getpid()}", mode=0o644)
        self._read_at = self._time()

    def add(self, addresses: Iterable[str]) -> None:
        """Put addresses before those that are known; raises as `write` does."""
        known = self.read()
        merged = tuple(dict.fromkeys((*addresses, *known)))[:MAX_KNOWN]
        if merged != known:
            self.write(merged)

    def _time(self) -> int:
        try:
            return os.stat(self._path).st_mtime_ns
        except OSError:
            return 0
