"""Schemas that the aggregator has been told, with the look-ups that readers need."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from sysmon_agent.wire.messages import Attributes, Schema


@dataclass(frozen=True)
class KnownSchema:
    """A schema under the row number that stored batches refer to."""

    key: int
    hash: bytes
    schema: Schema

    @cached_property
    def columns(self) -> dict[str, list[tuple[int, Attributes]]]:
        """Metric name to (column number, attributes) of each of its series."""
        found: dict[str, list[tuple[int, Attributes]]] = defaultdict(list)
        for number, series in enumerate(self.schema.series):
            found[series.metric].append((number, series.attributes))
        return dict(found)

    @cached_property
    def without_tables(self) -> Schema:
        """The same series alone; one value for all who ask, so that telling it from others takes no comparing."""
        return Schema(self.schema.series) if self.schema.tables else self.schema

    def table(self, name: str) -> int | None:
        """Position of a table in this schema, or None."""
        names = [table.name for table in self.schema.tables]
        return names.index(name) if name in names else None
