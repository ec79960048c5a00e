"""Gaps that agents declared, as stretches of time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from sysmon_agent.wire.messages import Gap
from sysmon_appliance.compactor.head import COUNT, FIRST, LAST_MS, START_MS, STREAM, HeadHost, Rows, SealedHead, Tail
from sysmon_appliance.domain.gaps import TimeGap, spread

GapsAt = Mapping[int, Sequence[TimeGap]]
"""Gaps by the time of the tick that they lie before."""


def declared_gaps(head: SealedHead, host: HeadHost, rows: Rows) -> GapsAt:
    """Find the gaps directly before batches of a host."""
    found: dict[int, list[TimeGap]] = {}
    for stream in np.unique(rows[:, STREAM]).tolist():
        for until_ms, gaps in _of_stream(head, host, stream, rows[rows[:, STREAM] == stream]):
            found.setdefault(until_ms, []).extend(gaps)
    return found


def _of_stream(head: SealedHead, host: HeadHost, stream: int, rows: Rows) -> Iterator[tuple[int, Iterable[TimeGap]]]:
    tail = head.tails[stream]
    numbers = rows[:, FIRST] + rows[:, COUNT] - 1
    before = np.concatenate([[tail.number], numbers[:-1]])
    for place in np.flatnonzero(rows[:, FIRST] != before + 1).tolist():
        last = Tail(int(before[place]), int(rows[place - 1, LAST_MS])) if place else tail
        until_ms = int(rows[place, START_MS])
        gaps = head.gaps(stream, last.number, int(rows[place, FIRST]))
        if gaps:
            yield until_ms, spread(gaps, last.at_ms or _estimate(gaps, until_ms, host), until_ms)


def _estimate(gaps: Sequence[Gap], until_ms: int, host: HeadHost) -> int:
    """Say when the first of these ticks was due, for a stream that began without it."""
    return until_ms - host.interval_ms * sum(gap.count for gap in gaps)
