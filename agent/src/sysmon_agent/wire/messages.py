"""What travels between agent and aggregator, as values.

Numbers belong to ticks, not to batches: the same ticks may be cut into other batches at each attempt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

PROTOCOL_VERSION = 1

Attributes = tuple[tuple[str, str], ...]
"""Key and value pairs, sorted by key."""


class GapReason(IntEnum):
    """Why numbers of a stream will never carry a tick. Values are the wire's; never reuse one."""

    UNKNOWN = 0
    AGENT_DOWN = 1  # the agent did not run while the host did
    HOST_DOWN = 2  # the host was off, or rebooting
    OVERRUN = 3  # the agent ran, but was too late for the tick (suspended, starved, clock stepped)
    SPOOL_FULL = 4  # dropped by the spool's policy
    SPOOL_DAMAGED = 5  # the spool's file was corrupt or gone
    REJECTED = 6  # the aggregator refused it for good; it is kept in rejected/
    RESTORED = 7  # the aggregator went back in time

    @classmethod
    def of(cls, value: int) -> "GapReason":
        """Return the reason with a number; one that only a later release knows is UNKNOWN, and still a gap."""
        try:
            return cls(value)
        except ValueError:
            return cls.UNKNOWN


class ColumnKind(IntEnum):
    """How a table's column is read. Values are the wire's; never reuse one."""

    NUMBER = 0
    TEXT = 1


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a schema."""

    metric: str  # canonical name, a key of sysmon_agent.names.METRICS
    attributes: Attributes = ()


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: ColumnKind = ColumnKind.NUMBER


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of rows that are not series, such as the top processes."""

    name: str
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, name: str, columns: Iterable[tuple[str, bool]]) -> Self:
        """Describe a table by the names of its columns, and whether each holds text."""
        return cls(name, tuple(Column(one, ColumnKind.TEXT if text else ColumnKind.NUMBER) for one, text in columns))


@dataclass(frozen=True, slots=True)
class Schema:
    """The ordered list of a host's series; named by the hash of its encoding."""

    series: tuple[Series, ...]
    tables: tuple[TableSchema, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers first..last, both included, that will never be sent."""

    first: int
    last: int
    reason: GapReason

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table's rows over the ticks of a batch.

    `rows_per_tick` has one count per tick. `columns` has one sequence per column of the table's schema, each
    with sum(rows_per_tick) entries: numbers, or strings where the column's kind is TEXT.
    """

    rows_per_tick: tuple[int, ...]
    columns: tuple[Sequence[float] | Sequence[str], ...]


def kind_of(values: Sequence[float] | Sequence[str]) -> ColumnKind:
    """Return the kind of a table's column, as its first value shows; an empty one counts as numbers."""
    return ColumnKind.TEXT if values and isinstance(values[0], str) else ColumnKind.NUMBER


@dataclass(frozen=True, slots=True)
class ClockPair:
    """Both clocks read at one moment; the pair at sending shows the host's offset."""

    wall_ms: int
    boot_ms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive ticks of one host under one schema, columnar.

    `skipped` are gaps that lie directly before `first`, in order and without holes. A batch may carry gaps alone:
    then `first` is the number after the last gap, and there are no ticks.
    """

    stream_id: bytes  # 16 bytes
    first: int
    wall_ms: tuple[int, ...]  # one per tick
    boot_ms: tuple[int, ...]  # one per tick
    columns: bytes  # little-endian float64, schema order, each series' ticks together
    schema_hash: bytes  # 16 bytes
    sent: ClockPair
    skipped: tuple[Gap, ...] = ()
    tables: tuple[TableRows, ...] = ()  # in the order of the schema's tables
    schema: Schema | None = None  # only after the aggregator asked for it

    @property
    def count(self) -> int:
        return len(self.wall_ms)

    @property
    def last(self) -> int:
        """The highest number that this batch accounts for."""
        return self.first + self.count - 1


@dataclass(frozen=True, slots=True)
class Hello:
    """First message on every new connection."""

    stream_id: bytes  # 16 bytes
    last: int  # the highest number given to a tick or gap of this stream; 0 before the first
    boot_id: bytes  # 16 bytes, the kernel's
    interval_ms: int
    sent: ClockPair
    epoch: int = 0  # the highest epoch that this agent has seen
    facts: Attributes = ()  # host.name, os.type, os.description, host.arch, service.version, …
    labels: Attributes = ()  # the operator's, from agent.yaml
    tags: tuple[str, ...] = ()
    metadata: Attributes = ()
    protocol: int = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class Reply:
    """The aggregator's answer to hello and batch.

    `stored_wall_ms` is the wall time of tick `stored` (0 when unknown or a gap), in answers to hello only: an agent
    whose own tick of that number has another time was rolled back or cloned, and starts a new stream. `renew` asks the
    agent to renew its certificate soon, whatever is left of its life.
    """

    epoch: int
    stored: int
    durable: int
    stored_wall_ms: int = 0
    renew: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a decoder accepts; each is checked before anything of that size exists."""

    body_bytes: int = 1 << 20
    inflated_bytes: int = 8 << 20
    ticks: int = 10_000
    series: int = 20_000
    tables: int = 32
    table_columns: int = 64
    table_rows: int = 100_000
    text_bytes: int = 4096
    attributes: int = 64
    gaps: int = 1000


DEFAULT_LIMITS = Limits()

NO_LIMITS = Limits(*[1 << 30] * len(Limits.__slots__))
"""For what was accepted once: it is read again even where limits were lowered since."""
