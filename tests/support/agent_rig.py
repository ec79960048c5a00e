"""An agent without a host: the real spool, uplink and loops, a clock moved by hand, and ticks that a test invents."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sysmon_agent.config.values import SpoolSettings, UplinkSettings
from sysmon_agent.loop.collecting import Collecting
from sysmon_agent.loop.renewing import Notice
from sysmon_agent.loop.sending import Channel, Sending
from sysmon_agent.spool import Spool, Tick
from sysmon_agent.spool.known import KnownAggregators
from sysmon_agent.uplink.machine import Uplink
from sysmon_agent.wire.messages import (
    ClockPair,
    Column,
    ColumnKind,
    Hello,
    Schema,
    Series,
    TableRows,
    TableSchema,
)
from tests.support.clock import ManualClock

INTERVAL_SECONDS = 10
BOOT = b"boot-of-this-hst"
SCHEMA = Schema(
    (Series("system.uptime"), Series("system.memory.limit")),
    (TableSchema("processes", (Column("pid"), Column("name", ColumnKind.TEXT))),),
)
OTHER_SCHEMA = Schema((Series("system.uptime"),))

_streams = count(1)


def stream_ids() -> bytes:
    """Return a stream id that no test has seen."""
    return next(_streams).to_bytes(16, "big")


def tick(clock: ManualClock, value: float = 1.0, *, schema: Schema = SCHEMA) -> Tick:
    """Make a tick that is recognised by the value of its first series."""
    values = array("d", [value, *([2.0] * (len(schema.series) - 1))])
    tables = tuple(TableRows((1,), ((value,), (f"process {value:g}",))) for _ in schema.tables)
    return Tick(schema, clock.wall_ms(), clock.boot_ms(), values, tables)


def open_spool(folder: Path, clock: ManualClock, *, boot_id: bytes = BOOT, **settings: int | str) -> Spool:
    """Open a spool that cares nothing for other users of the disk."""
    chosen = SpoolSettings(directory=str(folder), **{"min_free_bytes": 0, **settings})  # type: ignore[arg-type]
    return Spool(chosen, clock, boot_id=boot_id, new_stream_id=stream_ids)


def crash(spool: Spool) -> None:
    """Let go of a spool's folder as the kernel does after kill -9: nothing more is written."""
    spool._store.rotate()
    spool._lock.release()


@dataclass(frozen=True)
class Look:
    """What an invented collector has seen."""

    schema: Schema
    values: "array[float]"
    tables: tuple[TableRows, ...]


class Rig:
    """An agent on a folder. `schema` is what its next ticks have; each tick has the value after the last one's."""

    def __init__(
        self,
        folder: Path,
        clock: ManualClock,
        connect: Callable[[str], Channel],
        *,
        boot_id: bytes = BOOT,
        values: Callable[[], float] | None = None,
        **settings: int | str,
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.schema = SCHEMA
        self._connect = connect
        self._boot_id = boot_id
        self._settings = settings
        self._numbers = count(1)
        self._next_value = values or (lambda: float(next(self._numbers)))
        self.looked: list[float] = []
        self.notices = list[Notice]()
        self.sought: list[float] = []
        self.start()

    def start(self) -> None:
        """Start as after a boot or a crash, from what is on disk."""
        self.spool = open_spool(self.folder, self.clock, boot_id=self._boot_id, **self._settings)
        uplink_settings = UplinkSettings(batch_samples=100)
        self.uplink = Uplink(("a:1", "b:1"), uplink_settings, epoch=self.spool.epoch, draw=lambda: 0.5)
        self.sending = Sending(
            self.uplink,
            self.spool,
            self.clock,
            connect=self._connect,
            describe=lambda _: self._hello(),
            notice=self.notices.append,
            known=KnownAggregators(str(self.folder)),
            seek=lambda: self.sought.append(self.clock.monotonic()),
        )
        self.collecting = Collecting(
            self._look,
            self.spool,
            self.clock,
            boot_id=self._boot_id,
            interval_ms=INTERVAL_SECONDS * 1000,
            grown=self.sending.wake,
        )

    def collect(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.clock.advance(self.collecting.seconds_to_next())
            self.collecting.collect()

    def restart(self) -> None:
        """Die as by kill -9, and start again."""
        crash(self.spool)
        self.start()

    def drain(self, rounds: int = 60) -> None:
        """Deliver until everything is durable, with all the time that pauses need."""
        for _ in range(rounds):
            self.sending.deliver()
            if self.spool.durable >= self.spool.last:
                return
            self.clock.advance(60)
        raise AssertionError(f"{self.spool.last - self.spool.durable} numbers are not delivered")

    def waiting(self) -> list[float]:
        """List the values of the ticks that are not known to be durable."""
        found: list[float] = []
        first = self.spool.durable + 1
        while batch := self.spool.cut(first, 10_000, ClockPair(0, 0)):
            found += memoryview(batch.columns).cast("d")[: batch.count].tolist()
            first = batch.last + 1
        return found

    def _look(self) -> Look:
        value = self._next_value()
        self.looked.append(value)
        made = tick(self.clock, value, schema=self.schema)
        return Look(made.schema, made.values, made.tables)

    def _hello(self) -> Hello:
        return Hello(
            stream_id=self.spool.stream_id,
            last=self.spool.last,
            boot_id=self._boot_id,
            interval_ms=INTERVAL_SECONDS * 1000,
            sent=ClockPair(self.clock.wall_ms(), self.clock.boot_ms()),
            epoch=self.spool.epoch,
        )
