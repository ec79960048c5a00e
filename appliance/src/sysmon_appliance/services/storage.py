"""What is stored where, how far its keeping is, and what it will weigh."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.config import SegmentSettings
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.expiry import limits_of
from sysmon_appliance.domain.forecast import Now, Point, forecast, full_at
from sysmon_appliance.domain.hosts import HostDirectory
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.rates import HeadRate, Rates, learn
from sysmon_appliance.domain.retention import Policy
from sysmon_appliance.domain.segments import Kind, ManifestReader, Segment
from sysmon_appliance.domain.storekeeping import Disk, HeadMeter, ObjectStoreState, Storekeeper
from sysmon_appliance.errors import BadRequestError
from sysmon_appliance.services.remembered import Remembered, recall
from sysmon_appliance.services.settling import commit
from sysmon_appliance.services.storage_documents import (
    DamagedView,
    DiskView,
    FailureView,
    ForecastDocument,
    ForecastPoint,
    HeadView,
    KindView,
    ObjectStoreView,
    RuleView,
    SegmentPage,
    SegmentView,
    StorageDocument,
    WorkingView,
)

YEAR_DAYS = 365
_MOST_POINTS = 366
_TOLD_FOR_MS = 60_000
"""A forecast costs a third of a second and changes slowly; pages ask for it again and again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where storage is looked at."""

    manifest: ManifestReader
    has_local: Callable[[str], bool]
    head: HeadMeter
    disk: Callable[[], Disk]
    object_store: Callable[[], ObjectStoreState | None]


@dataclass(frozen=True, slots=True)
class _Told:
    """A forecast that was told, and from what."""

    segments: Sequence[Segment]
    days: int
    boot_ms: int
    document: ForecastDocument

    def serves(self, days: int, boot_ms: int) -> bool:
        return self.days == days and boot_ms - self.boot_ms < _TOLD_FOR_MS


class Storage:
    """Answers from the manifest in memory. What returns a document blocks for a moment: for worker threads."""

    def __init__(
        self,
        kept: Kept,
        keeper: Storekeeper,
        directory: HostDirectory,
        *,
        barrier: Barrier,
        clock: Clock,
        retention: Remembered,
        settings: SegmentSettings,
    ) -> None:
        self._kept = kept
        self._keeper = keeper
        self._directory = directory
        self._barrier = barrier
        self._clock = clock
        self._retention = retention
        self._settings = settings
        self._told: _Told | None = None

    def reload(self, noted: str) -> None:
        """Put the settings beside what the leader has noted of rules of retention."""
        self._retention = recall(noted, self._retention.settings, self._clock.wall_ms())

    def state(self) -> StorageDocument:
        """Say what is kept and how its keeping gets on."""
        segments, status = self._kept.manifest.all(), self._keeper.status
        policies = self._retention.policies(now_ms := self._clock.wall_ms())
        store = self._kept.object_store()
        return StorageDocument(
            head=HeadView.of(self._kept.head.contents()),
            kinds=[self._kind(kind, segments, policies[0]) for kind in Kind],
            disk=DiskView.of(self._kept.disk()),
            object_store=ObjectStoreView.of(store) if store else None,
            working=WorkingView.of(status.working) if status.working else None,
            damaged=[DamagedView.of(segment) for segment in segments if segment.damaged_ms],
            last_seal=status.last_seal_ms,
            last_merge=status.last_merge_ms,
            failure=FailureView.of(status.failure) if status.failure else None,
            rules=self._rules(policies[0]),
            changed=self._retention.since_ms if self._retention.is_doubted(now_ms) else None,
        )

    def segments(self, kind: str | None, cursor: str | None, limit: int) -> SegmentPage:
        """List segments in force, the newest first.

        Raises
        ------
        BadRequestError
            The segment that the cursor names is not in force any more.
        """
        chosen = [each for each in self._kept.manifest.all() if kind is None or each.kind == kind]
        chosen.sort(key=lambda each: (-each.end_ms, each.kind, each.name))
        page = list(islice(_after(chosen, cursor), limit + 1))
        views = [SegmentView.of(each, local=self._kept.has_local(each.name)) for each in page[:limit]]
        return SegmentPage(views, views[-1].name if len(page) > limit else None)

    def forecast(self, days: int) -> ForecastDocument:
        """Tell what history will weigh on each of so many days to come; what was told lately is told again."""
        segments, told = self._kept.manifest.all(), self._told
        if told is None or told.segments is not segments or not told.serves(days, self._clock.boot_ms()):
            told = self._told = _Told(segments, days, self._clock.boot_ms(), self._forecast_document(days))
        return told.document

    def _forecast_document(self, days: int) -> ForecastDocument:
        rates, points = self._forecast(max(days, YEAR_DAYS))
        cache_bytes = self._settings.cache_bytes if self._kept.object_store() else None
        return ForecastDocument(
            now=points[0].t,
            basis_days=round(rates.days, 2),
            points=[ForecastPoint.of(point) for point in points[: days + 1 : -(-days // _MOST_POINTS)]],
            per_day={kind: round(rates.day[kind]) for kind in Kind},
            in_a_year=points[YEAR_DAYS].total,
            disk_full=full_at(points, self._kept.disk().free, cache_bytes),
            samples_per_day=round(rates.samples),
        )

    async def seal(self, principal: Principal) -> None:
        """Let the head be sealed soon, and put on record who wanted it. Belongs to the event loop.

        Raises
        ------
        StorageFullError, StorageFailedError
            It could not be put on record, so nothing is done.
        """
        await commit(self._barrier, (audited(principal, "storage.seal", "", now_ms=self._clock.wall_ms()),))
        self._keeper.seal_soon()

    def _forecast(self, days: int) -> tuple[Rates, Sequence[Point]]:
        segments, head, t = self._kept.manifest.all(), self._kept.head.contents(), self._clock.wall_ms()
        policies = self._retention.policies(t)[:1]
        now = Now(
            t=t,
            segments=segments,
            dropped_bytes=sum(each.bytes for each in self._kept.manifest.dropped()),
            head_bytes=head.file_bytes,
            monthly=policies[0].monthly,
            seal_after_ms=1000 * self._settings.seal_after_seconds,
            keep_dropped_ms=1000 * self._settings.keep_dropped_seconds,
        )
        rates = learn(segments, HeadRate(head.bytes, head.from_ms, head.to_ms))
        limits = limits_of(self._directory.all(), policies)
        return rates, forecast(now, rates, limits, days)

    def _kind(self, kind: Kind, segments: Iterable[Segment], policy: Policy) -> KindView:
        of_kind = [segment for segment in segments if segment.kind is kind]
        size, samples = sum(each.bytes for each in of_kind), sum(each.samples for each in of_kind)
        return KindView(
            kind=kind,
            segments=len(of_kind),
            bytes=size,
            local_bytes=sum(each.bytes for each in of_kind if self._kept.has_local(each.name)),
            ticks=sum(each.ticks for each in of_kind),
            samples=samples,
            bytes_per_sample=size / samples if samples else None,
            from_ms=min((each.start_ms for each in of_kind), default=None),
            to_ms=max((each.end_ms for each in of_kind), default=None),
            days=policy.days[kind],
            max_bytes=policy.max_bytes[kind],
        )

    def _rules(self, policy: Policy) -> list[RuleView]:
        fitting = [policy.rule_of(host) for host in self._directory.all()]
        named = [RuleView.of(rule.text, rule.days, hosts=sum(one is rule for one in fitting)) for rule in policy.rules]
        return [*named, RuleView.of("", policy.days, hosts=sum(one is None for one in fitting))]


def disk_of(folder: Path) -> Disk:
    """Measure the filesystem on which a folder is, or will be."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    usage = shutil.disk_usage(there)
    return Disk(str(folder), usage.total, usage.free)


def _after(segments: Sequence[Segment], cursor: str | None) -> Iterable[Segment]:
    if cursor is None:
        return segments
    rest = dropwhile(lambda segment: segment.name != cursor, segments)
    if next(rest, None) is None:
        raise BadRequestError(
            "The cursor is of a segment that is no longer in the list.", hint="sysmon storage segments"
        )
    return rest
