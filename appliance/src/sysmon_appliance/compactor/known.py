"""Which ticks are there already, in the head, in segments or in rollups alone."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sysmon_agent.errors import MalformedMessage
from sysmon_appliance.compactor.bodies import times_of
from sysmon_appliance.compactor.head import END_MS, START_MS, Rows, SealedHead
from sysmon_appliance.compactor.inputs import Inputs, opened
from sysmon_appliance.compactor.outputs import Bench
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.jobs import ImportSegments, SealJob
from sysmon_appliance.domain.segments import BUCKET_MS, DAY_MS, Kind, Level
from sysmon_appliance.segments.files import Row

_NEWEST = 1 << 62
_NONE = np.empty(0, np.int64)

Spans = Mapping[int, tuple[int, int]]
"""The earliest and the latest time that is asked about, by host."""


def times_in_head(live: Path, after: int, spans: Spans) -> Mapping[int, Times]:
    """Read the times of the head's ticks with row numbers above `after`, by host, as far as they may be asked about."""
    with closing(SealedHead(live, SealJob(after, _NEWEST))) as head:
        return {
            host.entry.key: _times(head, rows, *spans[host.entry.key])
            for host, rows in head.by_host()
            if host.entry.key in spans
        }


def _times(head: SealedHead, rows: Rows, from_ms: int, to_ms: int) -> Times:
    near = rows[(rows[:, START_MS] <= to_ms) & (rows[:, END_MS] >= from_ms)]
    found: list[int] = []
    for row, body in zip(near.tolist(), head.bodies(near), strict=True):
        try:
            found += times_of(row, body)
        except (MalformedMessage, ValueError, IndexError):  # a damaged body holds no ticks
            continue
    return np.array(found, np.int64)


@dataclass(frozen=True, slots=True)
class KnownTicks:
    """What is known of one day."""

    day: int
    head: Mapping[int, Times]
    ticks: Inputs
    rollups: Mapping[Kind, Inputs]

    def fresh(self, host: int, t: Times) -> Times:
        """Leave out the times at which a host has a tick.

        Where its ticks have expired and their rollups are still there, a tick is known if its bucket is: it would be
        rolled up a second time.
        """
        rows = list(self._rows(self.ticks, host))
        t = t[~np.isin(t, np.concatenate([self.head.get(host, _NONE), *(row.ticks().t for row in rows)]))]
        if any(row.file.level is not Level.SEALED for row in rows):
            return t
        for kind, inputs in self.rollups.items():
            starts = [row.rollups().t for row in self._rows(inputs, host)]
            t = t[~np.isin(t // BUCKET_MS[kind], np.concatenate([_NONE, *starts]) // BUCKET_MS[kind])]
        return t

    def _rows(self, inputs: Inputs, host: int) -> Iterator[Row]:
        start_ms = self.day * DAY_MS
        return (row for row in inputs.rows(host) if row.start_ms < start_ms + DAY_MS and row.end_ms >= start_ms)


@contextmanager
def known_ticks(job: ImportSegments, bench: Bench, day: int, head: Mapping[int, Times]) -> Iterator[KnownTicks]:
    """Open what may hold ticks of a day; raises as `opened` does."""
    near = [one for one in job.beside if day in one.days]
    with ExitStack() as files:
        by_kind = {
            kind: files.enter_context(opened(bench, [one for one in near if one.kind is kind]))
            for kind in (Kind.RAW, *BUCKET_MS)
        }
        yield KnownTicks(day, head, by_kind.pop(Kind.RAW), by_kind)
