"""Stretches of time without ticks, and why: from the gaps that agents declare, and from the ticks themselves."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.terms import Flags


@dataclass(frozen=True, slots=True)
class TimeGap:
    """No tick between from_ms and to_ms, where there should have been some."""

    from_ms: int
    to_ms: int
    reason: GapReason


class GapFinder:
    """Watches ticks pass, in order, and remembers where some are missing."""

    def __init__(self) -> None:
        self._declared: set[TimeGap] = set()
        self._seen: list[TimeGap] = []
        self._last_ms: int | None = None

    def declare(self, gaps: Iterable[TimeGap]) -> None:
        """Note gaps whose reason is known."""
        self._declared.update(gaps)

    def note(self, t: Times, breaks: Flags) -> None:
        """Note where ticks follow one another with a break before them; times are at least one."""
        for place in np.flatnonzero(breaks).tolist():
            before_ms = int(t[place - 1]) if place else self._last_ms
            if before_ms is not None:
                self._seen.append(TimeGap(before_ms, int(t[place]), GapReason.UNKNOWN))
        self._last_ms = int(t[-1])

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
