"""Hypothesis strategies for every message of the protocol, within the default limits."""

import struct
from itertools import pairwise

from hypothesis import strategies as st

from sysmon_agent.wire.encode import schema_hash
from sysmon_agent.wire.messages import (
    Attributes,
    Batch,
    ClockPair,
    Column,
    ColumnKind,
    Gap,
    GapReason,
    Hello,
    Reply,
    Schema,
    Series,
    TableRows,
    TableSchema,
)

NUMBERS = st.integers(min_value=0, max_value=1 << 53)
IDENTIFIERS = st.binary(min_size=16, max_size=16)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
FLOATS = st.floats(allow_nan=False)

CLOCK_PAIRS = st.builds(ClockPair, wall_ms=NUMBERS, boot_ms=NUMBERS)
REPLIES = st.builds(Reply, epoch=NUMBERS, stored=NUMBERS, durable=NUMBERS, stored_wall_ms=NUMBERS, renew=st.booleans())


def attributes() -> st.SearchStrategy[Attributes]:
    return st.dictionaries(NAMES, TEXTS, max_size=4).map(lambda pairs: tuple(sorted(pairs.items())))


SERIES = st.builds(Series, metric=NAMES, attributes=attributes())
COLUMNS = st.builds(Column, name=NAMES, kind=st.sampled_from(ColumnKind))
TABLE_SCHEMAS = st.builds(TableSchema, name=NAMES, columns=st.lists(COLUMNS, max_size=4).map(tuple))
SCHEMAS = st.builds(
    Schema,
    series=st.lists(SERIES, max_size=5, unique=True).map(tuple),
    tables=st.lists(TABLE_SCHEMAS, max_size=2).map(tuple),
)
HELLOS = st.builds(
    Hello,
    stream_id=IDENTIFIERS,
    last=NUMBERS,
    boot_id=IDENTIFIERS,
    interval_ms=NUMBERS.filter(bool),
    sent=CLOCK_PAIRS,
    epoch=NUMBERS,
    facts=attributes(),
    labels=attributes(),
    tags=st.lists(TEXTS, max_size=3).map(tuple),
    metadata=attributes(),
    protocol=st.integers(min_value=0, max_value=(1 << 32) - 1),
)


@st.composite
def table_rows(draw: st.DrawFn, table: TableSchema, ticks: int) -> TableRows:
    """Rows of a table over some ticks."""
    rows = draw(st.lists(st.integers(0, 3), min_size=ticks, max_size=ticks))
    cells: dict[ColumnKind, st.SearchStrategy[tuple[float, ...] | tuple[str, ...]]] = {
        ColumnKind.NUMBER: st.lists(FLOATS, min_size=sum(rows), max_size=sum(rows)).map(tuple),
        ColumnKind.TEXT: st.lists(CELLS, min_size=sum(rows), max_size=sum(rows)).map(tuple),
    }
    return TableRows(tuple(rows), tuple(draw(cells[column.kind]) for column in table.columns))


@st.composite
def gaps(draw: st.DrawFn, *, at_least: int = 0) -> tuple[Gap, ...]:
    """Gaps that follow each other without a hole."""
    size = draw(st.integers(at_least, 3))
    edges = draw(st.lists(st.integers(1, 1 << 52), min_size=size + 1, max_size=size + 1, unique=True).map(sorted))
    return tuple(Gap(first, after - 1, draw(st.sampled_from(GapReason))) for first, after in pairwise(edges))


@st.composite
def batches(draw: st.DrawFn) -> tuple[Batch, Schema]:
    """A batch and the schema that it follows; it carries the schema itself now and then."""
    schema = draw(SCHEMAS)
    ticks = draw(st.integers(0, 4))
    skipped = draw(gaps(at_least=0 if ticks else 1))
    times = st.lists(NUMBERS, min_size=ticks, max_size=ticks).map(tuple)
    values = draw(st.lists(FLOATS, min_size=ticks * len(schema.series), max_size=ticks * len(schema.series)))
    batch = Batch(
        stream_id=draw(IDENTIFIERS),
        first=skipped[-1].last + 1 if skipped else draw(st.integers(1, 1 << 52)),
        wall_ms=draw(times),
        boot_ms=draw(times),
        columns=struct.pack(f"<{len(values)}d", *values),
        schema_hash=schema_hash(schema),
        sent=draw(CLOCK_PAIRS),
        skipped=skipped,
        tables=tuple(draw(table_rows(table, ticks)) for table in schema.tables),
        schema=draw(st.sampled_from([None, schema])),
    )
    return batch, schema
