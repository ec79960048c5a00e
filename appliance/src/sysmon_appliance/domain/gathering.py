"""Ticks out of values that came series by series.

Elsewhere a tick is a whole, and of two at one time the first stays. Here each piece has some of a tick's series, so of
one time all pieces count, and of one time and series the first value that is there.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from sysmon_agent.names import STALE_NAN
from sysmon_agent.wire.messages import Schema
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.merging import MergedTicks, unite_series
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.domain.ticks import StoredTicks
from sysmon_appliance.errors import BadRequestError

_MOST_PLACES = 1 << 29
"""Series times ticks; series that share no times would fill a day with places that hold nothing."""

Choose = Callable[[Times], Times]
"""Leaves out some of the times."""


def gathered(pieces: Sequence[StoredTicks], choose: Choose, *, at_once: int) -> Iterator[MergedTicks]:
    """Lay at least one piece out to ticks, in order of time, with about `at_once` values in memory.

    Ticks without any value are left out.

    Raises
    ------
    BadRequestError
        The times of the series are too different.
    """
    schema = unite_series([piece.schema.schema for piece in pieces])
    t = choose(np.unique(np.concatenate([piece.t for piece in pieces])))
    if len(t) * len(schema.series) > _MOST_PLACES:
        raise BadRequestError(
            f"{len(schema.series)} series of a host have {len(t)} different times in a day, and hardly one in common.",
            hint="sysmon history import --help",
        )
    step = max(1, at_once // max(1, len(schema.series)))
    for start in range(0, len(t), step):
        ticks = _laid_out(pieces, schema, t[start : start + step])
        if len(ticks.t):
            yield ticks


def _laid_out(pieces: Sequence[StoredTicks], schema: Schema, t: Times) -> MergedTicks:
    places = {series: place for place, series in enumerate(schema.series)}
    values = np.full((len(places), len(t)), STALE_NAN)
    for piece in reversed(pieces):  # what came first is written last, and stays
        here = np.isin(piece.t, t)
        if here.any():
            rows = np.array([places[series] for series in piece.schema.schema.series], np.intp)
            _write(values, np.ix_(rows, np.searchsorted(t, piece.t[here])), piece.all()[:, here])
    some = ~np.isnan(values).all(axis=0)
    return MergedTicks(schema, t[some], values[:, some], ())


def _write(values: Floats, place: tuple[Times, ...], block: Floats) -> None:
    values[place] = np.where(np.isnan(block), values[place], block)
