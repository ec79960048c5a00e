"""History on its way in: what is held until it is stored, and where."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sysmon_agent.wire.messages import Schema
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.terms import Floats

MOST_BYTES = 4 << 30
"""What all imports together may hold on disk."""


class ImportState(StrEnum):
    """How far an import is."""

    OPEN = "open"  # values may come
    STORING = "storing"  # all have come, and are written into segments
    DONE = "done"
    FAILED = "failed"  # nothing of it is stored


class Staging(Protocol):
    """Holds the values of one import in files of its own. Calls block, and come one after the other."""

    def add(self, host: Host, schema: Schema, t: Times, values: Floats) -> int:
        """Hold values: `t` int64 [ticks], strictly rising; `values` float64 [series, ticks], NaN where one is missing.

        Returns how many bytes all that is held has.

        Raises
        ------
        StorageError
            There is no room, and what is held cannot be used any more.
        """

    def finish(self) -> Sequence[Path]:
        """Return the files, in order of arrival; raises as `add` does."""

    def discard(self) -> None:
        """Remove everything; files that are gone already are fine."""


class StagingArea(Protocol):
    """Where imports hold their values."""

    def begin(self, name: str) -> Staging:
        """Give an import a place, which takes no room before it has values."""

    def clear(self) -> None:
        """Remove what imports have left that nobody will finish; only while there is no import."""
