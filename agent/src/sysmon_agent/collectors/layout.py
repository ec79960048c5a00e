"""The order of a host's series.

Values travel in schema order and a schema is sent once, so a schema must stay the same for as long as it can. The same
set of series always has the same schema. A series without a value keeps its place for a while: a sensor that comes and
goes would otherwise make a new schema each time.
"""

from array import array

from sysmon_agent.collectors.base import Key
from sysmon_agent.names import METRICS, STALE_NAN
from sysmon_agent.wire.messages import Schema, Series, TableSchema

KEEP_SECONDS = 600.0
"""How long a series without a value stays in the schema."""


class Layout:
    """Puts values into schema order, and makes a new schema when the set of series changes."""

    def __init__(self, tables: tuple[TableSchema, ...]) -> None:
        self._schema = Schema((), tables)
        self._order: list[Key] = []
        self._known: frozenset[Key] = frozenset()
        self._absent_since: dict[Key, float] = {}

    def arrange(self, values: dict[Key, float], now: float) -> tuple[Schema, "array[float]"]:
        """Return the schema and one value per series of it; `now` is in monotonic seconds.

        The schema is the same object until the set of series changes.
        """
        if self._absent_since or values.keys() != self._known:
            self._follow(values, now)
        return self._schema, array("d", [values.get(key, STALE_NAN) for key in self._order])

    def _follow(self, values: dict[Key, float], now: float) -> None:
        absent = {key: self._absent_since.get(key, now) for key in self._order if key not in values}
        self._absent_since = {key: since for key, since in absent.items() if now - since < KEEP_SECONDS}
        known = frozenset(values) | self._absent_since.keys()
        if known != self._known:
            self._known, self._order = known, sorted(known)
            self._schema = Schema(tuple(map(_series, self._order)), self._schema.tables)


def _series(key: Key) -> Series:
    return Series(key[0], tuple(sorted(zip(METRICS[key[0]].attributes, key[1:], strict=True))))
