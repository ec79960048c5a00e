"""What console and API say of storage; times are milliseconds, sizes bytes."""

from collections.abc import Mapping, Sequence

import msgspec

from sysmon_appliance.domain.segments import Kind, Level
from sysmon_appliance.domain.storekeeping import JobName

_SPAN = {"from_ms": "from", "to_ms": "to"}


class HeadView(msgspec.Struct, frozen=True, rename=_SPAN):
    """Batches that are in no segment yet; `bytes` leaves out what is free in the file."""

    batches: int
    bytes: int
    file_bytes: int
    from_ms: int | None
    to_ms: int | None


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


class ObjectStoreView(msgspec.Struct, frozen=True):
    """`reachable` is null while nothing was asked of it."""

    url: str
    reachable: bool | None


class WorkingView(msgspec.Struct, frozen=True):
    """`done` is a share from 0 to 1, or null where it cannot be told."""

    job: JobName
    started: int
    done: float | None


class DamagedView(msgspec.Struct, frozen=True, rename=_SPAN):
    """A segment that was set aside."""

    name: str
    kind: Kind
    from_ms: int
    to_ms: int
    hosts: int
    found: int


class FailureView(msgspec.Struct, frozen=True):
    since: int
    problem: str
    hint: str


class RuleView(msgspec.Struct, frozen=True):
    """For how many days what is kept of the hosts that a rule is the first to fit; the last has no selector."""

    selector: str
    raw_days: int
    minute_days: int
    hour_days: int
    tables_days: int
    hosts: int


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
