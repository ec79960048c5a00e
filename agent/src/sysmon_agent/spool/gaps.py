"""Declared gaps in memory: ordered, disjoint, and merged where one reason goes on."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from sysmon_agent.wire.messages import Gap, GapReason


def _first(gap: Gap) -> int:
    return gap.first


class Gaps:
    """Serials that will never have a tick, each with its reason. A serial that has a reason keeps it."""

    def __init__(self) -> None:
        self._gaps: list[Gap] = []

    def __iter__(self) -> Iterator[Gap]:
        return iter(self._gaps)

    def add(self, gap: Gap) -> None:
        """Declare a gap, leaving out serials that are declared already."""
        for first, last in list(self._undeclared(gap.first, gap.last)):
            self._insert(Gap(first, last, gap.reason))

    def at(self, serial: int) -> Gap | None:
        """Return the gap that covers a serial."""
        position = bisect_right(self._gaps, serial, key=_first)
        gap = self._gaps[position - 1] if position else None
        return gap if gap and serial <= gap.last else None

    def next_first(self, serial: int) -> int | None:
        """Return where the first gap above a serial begins."""
        position = bisect_right(self._gaps, serial, key=_first)
        return self._gaps[position].first if position < len(self._gaps) else None

    def between(self, first: int, last: int) -> list[Gap]:
        """List what is declared within first..last, cut to these bounds."""
        return [
            Gap(max(gap.first, first), min(gap.last, last), gap.reason)
            for gap in self._gaps
            if gap.first <= last and gap.last >= first
        ]

    def forget(self, last: int) -> None:
        """Drop what lies wholly at or below a serial."""
        keep = 0
        while keep < len(self._gaps) and self._gaps[keep].last <= last:
            keep += 1
        del self._gaps[:keep]

    def _undeclared(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        for gap in self.between(first, last):
            if first < gap.first:
                yield first, gap.first - 1
            first = gap.last + 1
        if first <= last:
            yield first, last

    def _insert(self, gap: Gap) -> None:
        position = bisect_left(self._gaps, gap.first, key=_first)
        before = self._gaps[position - 1] if position else None
        if before and _continues(before, gap.first, gap.reason):
            gap = Gap(before.first, gap.last, gap.reason)
            del self._gaps[position - 1]
            position -= 1
        after = self._gaps[position] if position < len(self._gaps) else None
        if after and _continues(gap, after.first, after.reason):
            gap = Gap(gap.first, after.last, gap.reason)
            del self._gaps[position]
        insort(self._gaps, gap, key=_first)


def _continues(gap: Gap, first: int, reason: GapReason) -> bool:
    return gap.last + 1 == first and gap.reason is reason
