"""All collectors together: one call, one tick."""

import logging
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from sysmon_agent.clock import Clock
from sysmon_agent.collectors.base import Collector, Key, Readings, Row
from sysmon_agent.collectors.layout import Layout
from sysmon_agent.wire.messages import Schema, TableRows, TableSchema

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sampled:
    """What a host looked like at one tick."""

    schema: Schema  # the same object as at the tick before, unless the set of series changed
    values: "array[float]"  # one per series of the schema; stale NaN where there is none
    tables: tuple[TableRows, ...]  # one per table of the schema, each of one tick


class CollectorSet:
    """Runs collectors one after another and keeps the failure of one from spoiling the tick."""

    def __init__(self, collectors: Sequence[Collector], clock: Clock) -> None:
        self._collectors = collectors
        self._clock = clock
        self._layout = Layout(tuple(table for collector in collectors for table in collector.tables))
        self._failures = {collector.name: 0 for collector in collectors}
        self._failing: set[str] = set()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._failures)

    def tick(self) -> Sampled:
        """Measure everything now. Never raises."""
        values: dict[Key, float] = {}
        rows: dict[str, list[Row]] = {}
        for collector in self._collectors:
            begun = self._clock.monotonic()
            readings = self._isolated(collector)
            values.update(readings.values)
            rows.update(readings.rows)
            values["sysmon.agent.collector.duration", collector.name] = self._clock.monotonic() - begun
            values["sysmon.agent.collector.failures", collector.name] = self._failures[collector.name]
        schema, ordered = self._layout.arrange(values, self._clock.monotonic())
        return Sampled(schema, ordered, tuple(_table(table, rows.get(table.name, [])) for table in schema.tables))

    def _isolated(self, collector: Collector) -> Readings:
        try:
            readings = collector.collect()
            # A number that is too large for the wire is a failure of its collector.
            array("d", readings.values.values())
        except Exception as error:  # noqa: BLE001 - whatever went wrong with one subject, the others go on
            self._failures[collector.name] += 1
            self._note_failure(collector.name, error)
            return Readings({})
        if collector.name in self._failing:
            self._failing.discard(collector.name)
            _log.info("A collector works again.", extra={"collector": collector.name})
        return readings

    def _note_failure(self, name: str, error: Exception) -> None:
        if name not in self._failing:
            self._failing.add(name)
            _log.warning(
                "A collector fails; its series have no values until it works again.",
                extra={"collector": name, "error": f"{type(error).__name__}: {error}"},
            )


def _table(table: TableSchema, rows: list[Row]) -> TableRows:
    columns = tuple(zip(*rows, strict=True)) if rows else ((),) * len(table.columns)
    return TableRows((len(rows),), columns)
