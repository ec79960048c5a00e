"""What console and API say of storage; times are milliseconds, sizes bytes."""

from collections.abc import Mapping, Sequence
from typing import Self

import msgspec

from sysmon_appliance.domain.forecast import Point
from sysmon_appliance.domain.retention import Days
from sysmon_appliance.domain.segments import Kind, Level, Segment
from sysmon_appliance.domain.storekeeping import Disk, Failure, HeadContents, JobName, ObjectStoreState, Working

_SPAN = {"from_ms": "from", "to_ms": "to"}


class HeadView(msgspec.Struct, frozen=True, rename=_SPAN):
    """Batches that are in no segment yet; `bytes` leaves out what is free in the file."""

    batches: int
    bytes: int
    file_bytes: int
    from_ms: int | None
    to_ms: int | None

    @classmethod
    def of(cls, head: HeadContents) -> Self:
        return cls(head.batches, head.bytes, head.file_bytes, head.from_ms, head.to_ms)


class KindView(msgspec.Struct, frozen=True, rename=_SPAN):
    """Segments of one kind; `days` and `max_bytes` are the limits where no rule fits, 0 bytes being none."""

    kind: Kind
    segments: int
    bytes: int
    local_bytes: int
    ticks: int
    samples: int
    bytes_per_sample: float | None
    from_ms: int | None
    to_ms: int | None
    days: int
    max_bytes: int


class DiskView(msgspec.Struct, frozen=True):
    folder: str
    total: int
    free: int

    @classmethod
    def of(cls, disk: Disk) -> Self:
        return cls(disk.folder, disk.total, disk.free)


class ObjectStoreView(msgspec.Struct, frozen=True):
    """`reachable` is null while nothing was asked of it."""

    url: str
    reachable: bool | None

    @classmethod
    def of(cls, state: ObjectStoreState) -> Self:
        return cls(state.url, state.reachable)


class WorkingView(msgspec.Struct, frozen=True):
    """`done` is a share from 0 to 1, or null where it cannot be told."""

    job: JobName
    started: int
    done: float | None

    @classmethod
    def of(cls, working: Working) -> Self:
        return cls(working.job, working.started_ms, working.done)


class DamagedView(msgspec.Struct, frozen=True, rename=_SPAN):
    """A segment that was set aside."""

    name: str
    kind: Kind
    from_ms: int
    to_ms: int
    hosts: int
    found: int

    @classmethod
    def of(cls, segment: Segment) -> Self:
        return cls(
            segment.name, segment.kind, segment.start_ms, segment.end_ms, segment.hosts, found=segment.damaged_ms
        )


class FailureView(msgspec.Struct, frozen=True):
    since: int
    problem: str
    hint: str

    @classmethod
    def of(cls, failure: Failure) -> Self:
        return cls(failure.since_ms, failure.problem, failure.hint)


class RuleView(msgspec.Struct, frozen=True):
    """For how many days what is kept of the hosts that a rule is the first to fit; the last has no selector."""

    selector: str
    raw_days: int
    minute_days: int
    hour_days: int
    tables_days: int
    hosts: int

    @classmethod
    def of(cls, selector: str, days: Days, *, hosts: int) -> Self:
        return cls(selector, days[Kind.RAW], days[Kind.MINUTE], days[Kind.HOUR], days[Kind.TABLES], hosts)


class StorageDocument(msgspec.Struct, frozen=True):
    """`changed` is when settings of retention were changed that are doubted for a day; null otherwise."""

    head: HeadView
    kinds: Sequence[KindView]
    disk: DiskView
    object_store: ObjectStoreView | None
    working: WorkingView | None
    damaged: Sequence[DamagedView]
    last_seal: int | None
    last_merge: int | None
    failure: FailureView | None
    rules: Sequence[RuleView]
    changed: int | None


class SegmentView(msgspec.Struct, frozen=True, rename=_SPAN):
    """`local` tells whether the file is here; `damaged` is when it was set aside, or null."""

    name: str
    kind: Kind
    level: Level
    from_ms: int
    to_ms: int
    hosts: int
    ticks: int
    samples: int
    bytes: int
    created: int
    local: bool
    damaged: int | None

    @classmethod
    def of(cls, segment: Segment, *, local: bool) -> Self:
        return cls(
            name=segment.name,
            kind=segment.kind,
            level=segment.level,
            from_ms=segment.start_ms,
            to_ms=segment.end_ms,
            hosts=segment.hosts,
            ticks=segment.ticks,
            samples=segment.samples,
            bytes=segment.bytes,
            created=segment.created_ms,
            local=local,
            damaged=segment.damaged_ms or None,
        )


class SegmentPage(msgspec.Struct, frozen=True):
    segments: Sequence[SegmentView]
    next: str | None


class ForecastPoint(msgspec.Struct, frozen=True):
    t: int
    head: int
    raw: int
    minute: int
    hour: int
    tables: int
    total: int

    @classmethod
    def of(cls, point: Point) -> Self:
        kinds = {kind.value: size for kind, size in point.kinds.items()}
        return cls(t=point.t, head=point.head, total=point.total, **kinds)


class ForecastDocument(msgspec.Struct, frozen=True):
    """What history will weigh; `basis_days` says from how many days it is told, 0 meaning from nothing yet."""

    now: int
    basis_days: float
    points: Sequence[ForecastPoint]
    per_day: Mapping[Kind, int]
    in_a_year: int
    disk_full: int | None
    samples_per_day: int


class AcceptedJob(msgspec.Struct, frozen=True):
    """What will be done as soon as the job under way is over."""

    job: JobName
