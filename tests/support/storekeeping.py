"""Sealing and merging in the test's own process, over real files, and a count of what is where."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from sysmon_agent.wire.encode import encode_batch, schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair, Gap, Schema, Series, TableRows
from sysmon_appliance.compactor.jobs import run_job
from sysmon_appliance.compactor.pace import Pace
from sysmon_appliance.compactor.work import Workplace
from sysmon_appliance.config import AggregatorSettings, RetentionSettings, SegmentSettings
from sysmon_appliance.domain.changes import AppendBatch, Change, OpenStream, SaveHost, SaveSchema
from sysmon_appliance.domain.jobs import Job, JobRunner, Outcome, Progress
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import Kind, Level, Segment
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.objectstore.folder import FolderShelf
from sysmon_appliance.objectstore.settings import ShelfSettings
from sysmon_appliance.segments.files import Row, SegmentFile
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.segment_side import Parts, SegmentSide
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.live import FILE_NAME
from tests.support.clock import ManualClock
from tests.support.head import host
from tests.support.live import commit

STEP_MS = 10_000
SERIES = Schema((Series("system.cpu.load_average.1m"), Series("system.memory.usage"), Series("system.uptime")))


def unhurried() -> Pace:
    """A pace that never rests."""
    return Pace(lambda: 0.0, lambda: 0.0, lambda _: None)


@dataclass
class InProcess:
    """A JobRunner without a process; `jobs` lists what it was asked for."""

    place: Workplace
    clock: ManualClock
    jobs: list[Job] = field(default_factory=list)
    error: Exception | None = None

    async def run(self, job: Job, progress: Progress) -> Outcome:
        self.jobs.append(job)
        if self.error is not None:
            raise self.error
        return run_job(job, self.place, clock=self.clock, pace=unhurried(), progress=progress)


@dataclass
class Sender:
    """An agent's side of a stream: what it sends is appended to the head."""

    database: LiveDatabase
    key: int  # of host and stream
    schema: KnownSchema
    rows: Iterator[int]
    next: int = 1

    def batch(
        self,
        times: Sequence[int],
        values: Floats | None = None,
        *,
        skipped: Sequence[Gap] = (),
        tables: Sequence[TableRows] = (),
        offset_ms: int = 0,
    ) -> AppendBatch:
        """Make the row of a batch; without values, series n of tick m has the value 1000 n + m."""
        first = skipped[-1].last + 1 if skipped else self.next
        if values is None:
            numbers = np.arange(first, first + len(times), dtype=np.float64)
            values = 1000 * np.arange(len(self.schema.schema.series))[:, None] + numbers
        batch = Batch(
            stream_id=self.key.to_bytes(16, "big"),
            first=first,
            wall_ms=tuple(times),
            boot_ms=tuple(times),
            columns=np.ascontiguousarray(values, "<f8").tobytes(),
            schema_hash=self.schema.hash,
            sent=ClockPair(times[-1], 1000),
            skipped=tuple(skipped),
            tables=tuple(tables),
        )
        self.next = first + len(times)
        received_ms = times[-1] + offset_ms
        return AppendBatch(
            next(self.rows), self.key, self.key, self.schema.key, batch, encode_batch(batch), offset_ms, received_ms
        )

    def send(
        self,
        times: Sequence[int],
        values: Floats | None = None,
        *,
        skipped: Sequence[Gap] = (),
        tables: Sequence[TableRows] = (),
    ) -> None:
        """Append one batch."""
        assert commit(self.database, self.batch(times, values, skipped=skipped, tables=tables)) is None


class Store:
    """A live database, the services around it, and hosts that send to it."""

    def __init__(self, folder: Path, database: LiveDatabase, clock: ManualClock, settings: AggregatorSettings) -> None:
        self.database = database
        self.clock = clock
        self.files = ExitStack()
        self.shelf = FolderShelf(folder / "segments")
        self.place = Workplace(
            live=folder / "live" / FILE_NAME,
            drafts=folder / "segments" / "drafts",
            shelf=ShelfSettings(str(folder / "segments"), cache_bytes=1 << 30),
            cluster_id=database.state.cluster_id,
            file_bytes=settings.segments.file_bytes,
        )
        self.runner = InProcess(self.place, clock)
        self._settings = settings
        self.side = self.side_with(self.runner)
        self._rows = iter(range(database.state.next_batch, 1 << 60))
        self._schemas: dict[bytes, KnownSchema] = {one.hash: one for one in database.state.schemas}

    @classmethod
    @contextmanager
    def opened(
        cls, folder: Path, clock: ManualClock, *, segments: SegmentSettings | None = None, raw_days: int = 365
    ) -> Iterator[Self]:
        """Open the store in a folder."""
        chosen = AggregatorSettings(
            segments=segments or SegmentSettings(), retention=RetentionSettings(raw_days=raw_days)
        )
        with LiveDatabase.open(folder / "live", clock) as database:
            store = cls(folder, database, clock, chosen)
            with store.files:
                yield store

    def side_with(self, runner: JobRunner) -> SegmentSide:
        """Make the services with another runner."""
        barrier = GroupCommit(self.database.writer, self.clock, gather_milliseconds=1)
        parts = Parts(self.database.manifest, self.database.usage, self.shelf, runner, barrier, self.clock)
        return SegmentSide.over(parts, self.database.state, self._settings)

    def sender(self, key: int = 1, schema: Schema = SERIES) -> Sender:
        """Let a host send; it is made known where it is not."""
        known = self._schemas.get(schema_hash(schema))
        changes: list[Change] = [SaveHost(host(key)), OpenStream(key, key, key.to_bytes(16, "big"))]
        last = max((stream.last for stream in self.database.state.streams if stream.key == key), default=0)
        if known is None:
            known = KnownSchema(len(self._schemas) + 1, schema_hash(schema), schema)
            self._schemas[known.hash] = known
            changes.append(SaveSchema(known))
        assert commit(self.database, *changes) is None
        return Sender(self.database, key, known, self._rows, next=last + 1)

    def run(self, steps: int = 100) -> list[Job]:
        """Do what is due until nothing is; return the jobs."""
        begun = len(self.runner.jobs)

        async def work() -> None:
            for _ in range(steps):
                if not await self.side.keeper.step():
                    return

        asyncio.run(work())
        return self.runner.jobs[begun:]

    def remove(self) -> None:
        """Remove from the head what may go, a minute after it was sealed."""

        async def work() -> None:
            await self.side.removal.step()
            self.clock.advance(61)
            while await self.side.removal.step():
                pass

        asyncio.run(work())

    def perform(self, job: Job) -> Outcome:
        return asyncio.run(self.side.keeper.perform(job))

    def segments(self, kind: Kind = Kind.RAW) -> list[Segment]:
        return [segment for segment in self.database.manifest.all() if segment.kind is kind]

    def rows(self, host: int, kind: Kind = Kind.RAW, levels: Collection[Level] = tuple(Level)) -> list[Row]:
        """List the rows of a host in segments that are in force and whole; they can be read until the store closes."""
        chosen = [each for each in self.segments(kind) if each.level in levels and not each.damaged_ms]
        files = [self.files.enter_context(SegmentFile.open(self.shelf.path(segment))) for segment in chosen]
        return [row for file in files for row in file.rows(host)]

    def times(self, host: int = 1) -> Counter[int]:
        """Count how often a tick of each time is stored, in head and segments."""
        found: Counter[int] = Counter()
        for batch in self.database.head.batches(host, 0, 1 << 60):
            found.update(batch.wall_ms.tolist())
        for row in self.rows(host):
            found.update(row.ticks().t.tolist())
        return found

    def values(self, host: int = 1) -> dict[int, tuple[float, ...]]:
        """Map the time of each tick in segments to its values."""
        found: dict[int, tuple[float, ...]] = {}
        for row in self.rows(host):
            ticks = row.ticks()
            found.update(zip(ticks.t.tolist(), map(tuple, ticks.all().T.tolist()), strict=True))
        return found


def every(start_ms: int, count: int, step_ms: int = STEP_MS) -> list[int]:
    """List times at a distance from each other."""
    return [start_ms + step_ms * number for number in range(count)]
