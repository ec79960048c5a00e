"""Stretches of time without ticks, and why: from the gaps that agents declare, and from the ticks themselves."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.history import L, Lines


@dataclass(frozen=True, slots=True)
class TimeGap:
    """No tick between from_ms and to_ms, where there should have been some."""

    from_ms: int
    to_ms: int
    reason: GapReason


class GapFinder:
    """Watches ticks pass, in order, and remembers where some are missing."""

    def __init__(self, from_ms: int) -> None:
        self._before_ms = from_ms
        self._declared: list[TimeGap] = []
        self._seen: list[TimeGap] = []
        self._last_ms: int | None = None

    def watch(self, batches: Iterator[StoredBatch]) -> Iterator[StoredBatch]:
        """Pass batches on, noting the gaps that they declare."""
        for batch in batches:
            if not len(batch.wall_ms):
                continue
            if batch.skipped:
                self._declared += spread(batch.skipped, self._before_ms, int(batch.wall_ms[0]))
            self._before_ms = int(batch.wall_ms[-1])
            yield batch

    def note(self, lines: Lines[L]) -> Lines[L]:
        """Note the breaks in lines, and hand them back."""
        t = lines.points.t
        for place in np.flatnonzero(lines.points.breaks).tolist():
            before_ms = int(t[place - 1]) if place else self._last_ms
            if before_ms is not None:
                self._seen.append(TimeGap(before_ms, int(t[place]), GapReason.UNKNOWN))
        self._last_ms = int(t[-1])
        return lines

    def end(self, until_ms: int, reach_ms: int) -> None:
        """Note that nothing came between the last tick and a moment, if that is longer than `reach_ms`."""
        if self._last_ms is not None and until_ms - self._last_ms > reach_ms:
            self._seen.append(TimeGap(self._last_ms, until_ms, GapReason.UNKNOWN))

    def gaps(self, from_ms: int, to_ms: int) -> tuple[TimeGap, ...]:
        """List gaps that reach into from_ms..to_ms, by time; what agents declare goes before what is only seen."""
        declared = sorted(self._declared, key=_start)
        undeclared = [gap for gap in self._seen if not _is_among(gap, declared)]
        found = [gap for gap in (*declared, *undeclared) if gap.to_ms >= from_ms and gap.from_ms <= to_ms]
        return tuple(sorted(found, key=_start))


def _start(gap: TimeGap) -> int:
    return gap.from_ms


def _is_among(gap: TimeGap, declared: Sequence[TimeGap]) -> bool:
    """Tell whether a gap overlaps one of those that follow one another in `declared`."""
    later = bisect_left(declared, gap.to_ms, key=_start)
    return later > 0 and declared[later - 1].to_ms > gap.from_ms


def spread(skipped: Sequence[Gap], from_ms: int, to_ms: int) -> Iterator[TimeGap]:
    """Share the time before a batch among the gaps that it declares, by their counts."""
    total = sum(gap.count for gap in skipped)
    start_ms = min(from_ms, to_ms)
    length_ms = to_ms - start_ms
    passed = 0
    for gap in skipped:
        first_ms = start_ms + length_ms * passed // total
        passed += gap.count
        yield TimeGap(first_ms, start_ms + length_ms * passed // total, gap.reason)
