"""Values as a request of an import has them, and what is asked of them before anything is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from sysmon_agent.names import STALE_NAN
from sysmon_agent.wire.decode import decode_schema
from sysmon_agent.wire.encode import encode_schema
from sysmon_agent.wire.messages import Limits, Schema, Series
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.segments import DAY_MS
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.errors import BadRequestError

_AHEAD_MS = DAY_MS
"""Clocks may be ahead, and time zones be mistaken, by a day."""

_HELP = "sysmon history import --help"

Value = float | Literal["NaN", "Inf", "-Inf"] | None


class ImportedSeries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    metric: str
    attributes: dict[str, str] = {}


class ImportedValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of series of one host: `values` has a list for each series, with a value for each time in `t`.

    `host` is a name, or the id of a host that is known. With `host_id`, that id counts where a host has it.
    """

    host: str
    series: list[ImportedSeries]
    t: list[int]
    values: list[list[Value]]
    host_id: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Values that can be held: `t` int64 [ticks], strictly rising, `values` float64 [series, ticks]."""

    schema: Schema
    t: Times
    values: Floats

    @property
    def count(self) -> int:
        """How many values are there."""
        return self.values.size - int(np.count_nonzero(np.isnan(self.values)))

    @property
    def days(self) -> frozenset[int]:
        """The days, counted since 1970, that the times are of."""
        return frozenset(np.unique(self.t // DAY_MS).tolist())


def checked(given: ImportedValues, limits: Limits, now_ms: int) -> Block:
    """Return the values of a request in order of time; of one time the first stay.

    Raises
    ------
    BadRequestError
        Their shape or their times cannot be.
    MalformedMessage, OversizedMessage
        The series cannot be.
    """
    if not given.t or not given.series:
        raise BadRequestError("There are no values.", hint=_HELP)
    if len(given.values) != len(given.series) or any(len(row) != len(given.t) for row in given.values):
        raise BadRequestError("`values` needs a list for each series, with a value for each time.", hint=_HELP)
    _check_times(given.t, now_ms)
    t, places = np.unique(np.array(given.t, np.int64), return_index=True)
    return Block(_schema(given.series, limits), t, _values(given.values)[:, places])


def _check_times(t: Sequence[int], now_ms: int) -> None:
    first_ms, last_ms = min(t), max(t)
    if first_ms < 0 or last_ms > now_ms + _AHEAD_MS:
        wrong, where = (first_ms, "before 1970") if first_ms < 0 else (last_ms, "in the future")
        raise BadRequestError(f"The time {wrong} is {where}; times are milliseconds since 1970.", hint=_HELP)


def _schema(series: Sequence[ImportedSeries], limits: Limits) -> Schema:
    """Hold series to what is asked of those that agents send."""
    try:
        named = tuple(Series(one.metric, tuple(sorted(one.attributes.items()))) for one in series)
        return decode_schema(encode_schema(Schema(named)), limits)
    except UnicodeEncodeError as error:
        raise BadRequestError("The name of a series is no text.", hint=_HELP) from error


def _values(rows: Sequence[Sequence[Value]]) -> Floats:
    return np.array([[STALE_NAN if value is None else float(value) for value in row] for row in rows])
