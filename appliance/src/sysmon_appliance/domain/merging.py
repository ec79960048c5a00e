"""Merging what was stored of one host at several times: one list of series, one tick per time, in order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sysmon_agent.names import STALE_NAN
from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.rollups import Rolled, merge_rollups
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import Stats, StoredRollups, StoredTicks


@dataclass(frozen=True, slots=True)
class MergedTicks:
    """Ticks of one host; `t` is int64 [ticks], strictly rising, `values` float64 [series, ticks]."""

    schema: Schema
    t: Times
    values: Floats
    gaps: tuple[TimeGap, ...]


@dataclass(frozen=True, slots=True)
class MergedRollups:
    """Rollups of one host; arrays as in StoredRollups."""

    schema: Schema
    t: Times
    last_ms: Times
    stats: Stats
    gaps: tuple[TimeGap, ...]


def merge_ticks(pieces: Sequence[StoredTicks]) -> MergedTicks:
    """Merge at least one piece; of several ticks at one time, that of the first piece stays.

    A series that a piece does not have is missing there.
    """
    t = np.concatenate([piece.t for piece in pieces])
    if len({piece.schema.key for piece in pieces}) == 1:
        schema = pieces[0].schema.without_tables
        values = np.concatenate([piece.all() for piece in pieces], axis=1)
    else:
        schema = unite_series([piece.schema.schema for piece in pieces])
        values = _laid_out(pieces, schema, len(t))
    if (np.diff(t) <= 0).any():
        t, first = np.unique(t, return_index=True)
        values = values[:, first]
    return MergedTicks(schema, t, values, unite_gaps(pieces))


def _laid_out(pieces: Sequence[StoredTicks], schema: Schema, ticks: int) -> Floats:
    places = {series: place for place, series in enumerate(schema.series)}
    values = np.full((len(places), ticks), STALE_NAN)
    start = 0
    for piece in pieces:
        end = start + len(piece.t)
        values[[places[series] for series in piece.schema.schema.series], start:end] = piece.all()
        start = end
    return values


def merge_stored_rollups(pieces: Sequence[StoredRollups]) -> MergedRollups:
    """Merge at least one piece of one kind; a bucket that several have is of the ticks of all."""
    schema = unite_series([piece.schema.schema for piece in pieces])
    merged = _rolled(pieces[0], schema)
    for piece in pieces[1:]:
        merged = merge_rollups(merged, _rolled(piece, schema))
    return MergedRollups(schema, *merged, unite_gaps(pieces))


def _rolled(piece: StoredRollups, schema: Schema) -> Rolled:
    """Lay a piece out over more series than its own."""
    own = piece.schema.schema.series
    stats = piece.read(np.arange(len(own)))
    if own == schema.series:
        return piece.t, piece.last_ms, stats
    places = {series: place for place, series in enumerate(schema.series)}
    rows = np.array([places[series] for series in own], np.intp)
    return piece.t, piece.last_ms, stats.laid_out((len(places), len(piece.t)), (rows, slice(None)))


def unite_series(schemas: Sequence[Schema]) -> Schema:
    """List the series of all, in order of first appearance; tables have segments of their own."""
    every: dict[Series, None] = {}
    for schema in dict.fromkeys(schemas):
        every.update(dict.fromkeys(schema.series))
    return Schema(tuple(every))


def unite_gaps(pieces: Sequence[StoredTicks | StoredRollups]) -> tuple[TimeGap, ...]:
    """List the gaps of all, by time, each once."""
    every = {gap for piece in pieces for gap in piece.gaps}
    return tuple(sorted(every, key=lambda gap: (gap.from_ms, gap.to_ms, gap.reason)))
