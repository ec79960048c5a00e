"""One ordered stream of rollups out of stored ones and of ticks that are in none yet.

A bucket may come in several parts: ticks that arrived late are rolled up beside what was rolled up before, and a bucket
may begin in one row and end in the next. Parts of one bucket are merged; of each row only the needed series are read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from sysmon_agent.wire.encode import schema_hash
from sysmon_agent.wire.messages import Schema
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.merging import merge_stored_rollups
from sysmon_appliance.domain.rollups import merge_rollups, roll_up, roll_up_further
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import BUCKET_MS, DAY_MS, Kind
from sysmon_appliance.domain.tick_stream import Needed, TickChunk
from sysmon_appliance.domain.ticks import Stats, StoredRollups

_TOGETHER_VALUES = 1 << 18
"""Short chunks are joined up to so many of each statistic, which is 2 MiB."""


@dataclass(frozen=True, slots=True)
class RollupChunk:
    """Rollups of one schema; arrays as in StoredRollups, statistics of the needed series."""

    schema: KnownSchema
    kind: Kind
    t: Times
    last_ms: Times
    stats: Stats
    gaps: tuple[TimeGap, ...] = ()

    @property
    def start_ms(self) -> int:
        return int(self.t[0])


def of_ticks(chunk: TickChunk, kind: Kind) -> RollupChunk:
    """Roll ticks up."""
    return RollupChunk(chunk.schema, kind, *roll_up(chunk.t, chunk.values, BUCKET_MS[kind]), chunk.gaps)


def of_stored(stored: StoredRollups, kind: Kind, needed: Needed) -> RollupChunk:
    """Read stored rollups, and roll those of minutes up to hours where hours are wanted."""
    t, last_ms, stats = stored.t, stored.last_ms, stored.read(needed(stored.schema))
    if stored.kind is not kind:
        t, last_ms, stats = roll_up_further(t, last_ms, stats, BUCKET_MS[kind])
    return RollupChunk(stored.schema, kind, t, last_ms, stats, stored.gaps)


def merged(chunks: Iterable[TickChunk | RollupChunk], needed: Needed) -> Iterator[TickChunk | RollupChunk]:
    """Yield chunks, which come by their start, with rollups that overlap merged and short ones of one schema joined.

    Ticks pass: no rollup is of their time.
    """
    run: list[RollupChunk] = []
    for chunk in chunks:
        if isinstance(chunk, TickChunk):
            yield from _joined(run)
            run = []
            yield chunk
        elif run and chunk.start_ms <= run[-1].t[-1]:
            run[-1] = _merge(run[-1], chunk, needed)
        elif run and not _belong_together(run, chunk):
            yield from _joined(run)
            run = [chunk]
        else:
            run.append(chunk)
    yield from _joined(run)


def _belong_together(run: Sequence[RollupChunk], chunk: RollupChunk) -> bool:
    """Whether a chunk can be joined to others: arithmetic costs the same for one as for many."""
    same = run[-1].schema.key == chunk.schema.key and run[-1].kind is chunk.kind
    return same and sum(len(each.t) * len(each.stats.count) for each in run) < _TOGETHER_VALUES


def _joined(run: Sequence[RollupChunk]) -> Iterator[RollupChunk]:
    """Lay chunks end to end; those of a schema that came of merging are apart."""
    for _, same in groupby(run, key=lambda chunk: (chunk.schema.key, chunk.kind)):
        chunks = list(same)
        yield chunks[0] if len(chunks) == 1 else _end_to_end(chunks)


def _end_to_end(chunks: Sequence[RollupChunk]) -> RollupChunk:
    return replace(
        chunks[0],
        t=np.concatenate([chunk.t for chunk in chunks]),
        last_ms=np.concatenate([chunk.last_ms for chunk in chunks]),
        stats=Stats.joined([chunk.stats for chunk in chunks]),
        gaps=tuple(gap for chunk in chunks for gap in chunk.gaps),
    )


def _merge(first: RollupChunk, second: RollupChunk, needed: Needed) -> RollupChunk:
    if first.schema.key == second.schema.key:
        rolled = merge_rollups((first.t, first.last_ms, first.stats), (second.t, second.last_ms, second.stats))
        return RollupChunk(first.schema, first.kind, *rolled, first.gaps + second.gaps)
    both = merge_stored_rollups([_narrowed(first, needed), _narrowed(second, needed)])
    known = KnownSchema(_key(both.schema), schema_hash(both.schema), both.schema)
    columns = needed(known)
    return RollupChunk(known, first.kind, both.t, both.last_ms, both.stats.of_series(columns), both.gaps)


def _narrowed(chunk: RollupChunk, needed: Needed) -> StoredRollups:
    """Make rollups of the needed series alone."""
    series = tuple(chunk.schema.schema.series[column] for column in needed(chunk.schema).tolist())
    schema = Schema(series)
    known = KnownSchema(_key(schema), schema_hash(schema), schema)
    return StoredRollups(0, known, chunk.kind, chunk.t, chunk.last_ms, chunk.stats.of_series, chunk.gaps)


def _key(schema: Schema) -> int:
    """Make a key for a schema that is in no database; theirs are above zero, and those of segments shorter."""
    return -int.from_bytes(schema_hash(schema)[:8], "big") - (1 << 64)


def of_days(chunk: RollupChunk, days: frozenset[int]) -> Iterator[RollupChunk]:
    """Yield the buckets of some days, counted since 1970, if there are any."""
    kept = np.isin(chunk.t // DAY_MS, list(days))
    if kept.all():
        yield chunk
    elif kept.any():
        yield replace(chunk, t=chunk.t[kept], last_ms=chunk.last_ms[kept], stats=chunk.stats.of_buckets(kept))
