"""A shelf whose segments are damaged by a word, and the services that look after it."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.examining import Examiner, Verdict
from sysmon_appliance.domain.integrity import Check, Copies, Copy
from sysmon_appliance.domain.jobs import CheckSegments, Job, Outcome, Progress
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.domain.storekeeping import JobName
from sysmon_appliance.errors import StorageError, StoreUnreachableError
from sysmon_appliance.services.upkeep import Segments, Upkeep
from tests.support.storage import ListManifest

WHOLE = Copies(Copy.WHOLE)
DAMAGED = Copies(Copy.DAMAGED)


class WordShelf:
    """A MendableShelf that holds no files: what is found of a segment is what a test says."""

    def __init__(self) -> None:
        self.found: dict[str, Copies] = {}  # by name; others are whole
        self.looked: list[str] = []
        self.on_look: Callable[[], None] = lambda: None
        self.is_down = False
        self.rows: dict[str, Exception] = {}  # what reading the rows of a segment raises

    def keep(self, draft: Path, name: str) -> None:
        raise StorageError(f"{draft} cannot become {name}: this shelf holds no files.")

    def path(self, segment: Segment) -> Path:
        return Path(segment.name)

    def has_local(self, name: str) -> bool:
        return self.found.get(name, WHOLE).local is Copy.WHOLE

    def remove(self, name: str) -> None:
        self.found[name] = Copies(Copy.MISSING)

    def names(self) -> Iterable[str]:
        return list(self.found)

    def inspect(self, segment: Segment) -> Copies:
        self.on_look()
        self.looked.append(segment.name)
        if self.is_down:
            raise StoreUnreachableError("The object store cannot be used: it is down.")
        return self.found.get(segment.name, WHOLE)

    def mend(self, segment: Segment, found: Copies) -> bool:
        if found.readable:
            self.found[segment.name] = Copies(Copy.WHOLE, found.remote and Copy.WHOLE)
        return found.readable


class ListChanges:
    """A ManifestWriter over a list; it makes no commits."""

    def __init__(self, manifest: ListManifest, clock: Clock) -> None:
        self._manifest = manifest
        self._clock = clock
        self.aside: list[tuple[str, bool]] = []  # each call of set_aside
        self.sealed_up_to = 0
        self.also: list[Change] = []  # what was committed with swaps
        self.error: Exception | None = None  # what each change fails with

    async def swap(
        self,
        add: Sequence[Segment],
        drop: Sequence[str] = (),
        *,
        sealed_after: int = 0,
        sealed_up_to: int = 0,
        also: Sequence[Change] = (),
    ) -> Sequence[Segment]:
        assert sealed_after == sealed_up_to == 0
        self.also += also
        now_ms = self._clock.wall_ms()
        kept = [replace(one, dropped_ms=now_ms) if one.name in drop else one for one in self._manifest.segments]
        self._manifest.segments = [*kept, *add]
        return add

    async def set_aside(self, name: str, *, damaged: bool) -> None:
        if self.error:
            raise self.error
        self.aside.append((name, damaged))
        now_ms = self._clock.wall_ms() if damaged else 0
        self._manifest.segments = [
            replace(one, damaged_ms=now_ms) if one.name == name else one for one in self._manifest.segments
        ]

    async def forget(self, names: Sequence[str]) -> None:
        self._manifest.segments = [one for one in self._manifest.segments if one.name not in names]


class Workbench:
    """A JobRunner that checks segments by word, else returns what a test has laid out, and the Workshop around it."""

    def __init__(self, examiner: Examiner) -> None:
        self.outcome = Outcome()
        self.turns: list[Outcome] = []  # outcomes of the next jobs, before that
        self.error: Exception | None = None  # what each job fails with
        self.jobs: list[Job] = []
        self.alone_for: list[JobName] = []
        self.progressed: list[float] = []
        self._examiner = examiner

    async def run(self, job: Job, progress: Progress) -> Outcome:
        if self.error:
            raise self.error
        self.jobs.append(job)
        progress(1.0)
        if isinstance(job, CheckSegments):
            return self._check(job)
        return self.turns.pop(0) if self.turns else self.outcome

    @asynccontextmanager
    async def alone(self, name: JobName) -> AsyncIterator[None]:
        self.alone_for.append(name)
        yield

    def progress(self, done: float) -> None:
        self.progressed.append(done)

    def _check(self, job: CheckSegments) -> Outcome:
        found: dict[str, Verdict] = {}
        for segment in job.segments:
            with contextlib.suppress(StoreUnreachableError):
                found[segment.name] = self._examiner.examine(segment)
        return Outcome(
            damaged=tuple(name for name, verdict in found.items() if verdict is Verdict.DAMAGED),
            mended=tuple(name for name, verdict in found.items() if verdict is Verdict.MENDED),
            unread=tuple(segment.name for segment in job.segments if segment.name not in found),
        )


class Shelved:
    """All of it together, over the manifest that it is given."""

    def __init__(
        self,
        manifest: ListManifest,
        barrier: Barrier,
        clock: Clock,
        *,
        last_check: Check | None = None,
        check_days: int = 7,
    ) -> None:
        self.manifest = manifest
        self.shelf = WordShelf()
        self.changes = ListChanges(manifest, clock)
        self.bench = Workbench(Examiner(self.shelf, self._check_rows))
        self.upkeep = Upkeep.over(
            Segments(manifest, self.changes, self.shelf, self._check_rows),
            barrier,
            clock,
            runner=self.bench,
            workshop=self.bench,
            last_check=last_check,
            check_days=check_days,
        )

    def _check_rows(self, path: Path) -> None:
        if error := self.shelf.rows.get(path.name):
            raise error
