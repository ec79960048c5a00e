"""Letting go of history."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.jobs import Job, Outcome, TrimSegment
from sysmon_appliance.domain.retention import NoteRetention
from sysmon_appliance.domain.segments import DAY_MS, Kind, Segment
from sysmon_appliance.domain.storekeeping import JobName
from sysmon_appliance.errors import StorageFullError
from sysmon_appliance.services.expiry import Expiry
from sysmon_appliance.services.remembered import Remembered
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.head import Directory, host
from tests.support.storage import DAY, ListManifest, segment

NOW_MS = (DAY + 1) * DAY_MS


@dataclass
class Keeping:
    """Does jobs and changes the manifest at once, and remembers both."""

    manifest: ListManifest
    jobs: list[Job] = field(default_factory=list)
    alone_for: list[JobName] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    sealed_up_to: int = 0

    async def perform(self, job: Job) -> Outcome:
        self.jobs.append(job)
        await self.swap(self.outcome.add, self.outcome.drop)
        return self.outcome

    @asynccontextmanager
    async def alone(self, name: JobName) -> AsyncIterator[None]:
        self.alone_for.append(name)
        yield

    async def swap(
        self,
        add: Sequence[Segment],
        drop: Sequence[str] = (),
        *,
        sealed_after: int = 0,
        sealed_up_to: int = 0,
        also: Sequence[Change] = (),
    ) -> Sequence[Segment]:
        del sealed_after, sealed_up_to, also
        kept = [replace(each, dropped_ms=NOW_MS) if each.name in drop else each for each in self.manifest.segments]
        self.manifest.segments = [*kept, *add]
        return add

    async def set_aside(self, name: str, *, damaged: bool) -> None:
        raise AssertionError((name, damaged))

    async def forget(self, names: Sequence[str]) -> None:
        raise AssertionError(names)


class Rig:
    """An Expiry over values."""

    def __init__(
        self, *segments: Segment, settings: RetentionSettings | None = None, before: RetentionSettings | None = None
    ) -> None:
        self.manifest = ListManifest(list(segments))
        self.keeping = Keeping(self.manifest)
        self.barrier = InstantBarrier()
        self.clock = ManualClock(wall_ms=NOW_MS)
        self.directory = Directory([host(1, labels=(("role", "db"),)), host(2, labels=(("role", "web"),))])
        self.remembered = Remembered(settings or RetentionSettings(), NOW_MS, before)
        self.expiry = self.started()

    def started(self) -> Expiry:
        return Expiry(
            self.keeping,
            self.manifest,
            self.keeping,
            self.directory,
            retention=self.remembered,
            barrier=self.barrier,
            clock=self.clock,
        )

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.manifest.all()]


def old(days: int, **fields: object) -> Segment:
    """Make a segment about a day, written in one go with all others."""
    values = {"created_ms": NOW_MS - 2 * DAY_MS} | fields
    return segment(day=DAY - days, **values)  # type: ignore[arg-type] # of the fields' own types


async def test_what_has_expired_is_dropped() -> None:
    """Segments beyond their time leave the manifest, alone with nothing else that changes it; the others stay."""
    rig = Rig(old(31), old(0))
    assert await rig.expiry.step()
    assert rig.names == [old(0).name]
    assert rig.keeping.alone_for == [JobName.EXPIRE]
    assert not await rig.expiry.step()


async def test_hosts_that_rules_let_go_are_taken_out() -> None:
    """A segment of hosts that are kept and others that are not is written again, each host with its own time."""
    both = old(60, hosts=(1, 2))
    rig = Rig(both, old(0), settings=RetentionSettings(rules=("role=db raw=90d",)))
    rig.keeping.outcome = Outcome((replace(both, name="again", hosts=1, last_host=1),), (both.name,))
    assert await rig.expiry.step()
    assert rig.keeping.jobs == [TrimSegment(both, {1: NOW_MS - 90 * DAY_MS, 2: NOW_MS - 30 * DAY_MS})]
    assert rig.names == [old(0).name, "again"]
    assert not await rig.expiry.step()


async def test_a_segment_of_a_later_release_is_not_tried_again() -> None:
    """What this release cannot write again is left until it is dropped."""
    both = old(60, hosts=(1, 2))
    rig = Rig(both, old(0), settings=RetentionSettings(rules=("role=db raw=90d",)))
    rig.keeping.outcome = Outcome(foreign=(both.name,))
    assert await rig.expiry.step()
    assert not await rig.expiry.step()


async def test_shorter_times_hold_after_a_day() -> None:
    """Settings that were shortened by mistake cost nothing for a day."""
    rig = Rig(old(10), old(0), settings=RetentionSettings(raw_days=3), before=RetentionSettings(raw_days=30))
    assert not await rig.expiry.step()
    rig.clock.advance(86_400)
    assert await rig.expiry.step()
    assert rig.names == [old(0).name]


async def test_settings_are_noted_before_anything_goes() -> None:
    """What holds now is remembered in the live database, once for each start."""
    rig = Rig(old(31), old(0))
    rig.barrier.error = StorageFullError("No room.")
    with pytest.raises(StorageFullError):
        await rig.expiry.step()
    assert len(rig.names) == 2
    rig.barrier.error = None
    await rig.expiry.step()
    await rig.expiry.step()
    assert rig.barrier.committed == [NoteRetention(rig.remembered.text)]


async def test_a_clock_that_jumps_ahead_removes_nothing_for_a_day() -> None:
    """A date that is set years ahead by mistake costs no history when it is put right within a day."""
    rig = Rig(old(0))
    rig.clock.wall += 3650 * DAY_MS
    assert not await rig.expiry.step()
    rig.clock.advance(80_000)
    assert not await rig.expiry.step()
    rig.clock.wall -= 3650 * DAY_MS
    assert not await rig.expiry.step()
    assert rig.names == [old(0).name]


async def test_a_start_in_another_year_removes_nothing_for_a_day() -> None:
    """An aggregator that starts with a date far beyond all that it has stored waits for a day."""
    rig = Rig(old(0))
    rig.clock.wall += 365 * DAY_MS
    expiry = rig.started()
    assert not await expiry.step()
    rig.clock.advance(86_400)
    assert await expiry.step()
    assert rig.names == []


async def test_a_start_after_a_jump_removes_nothing_for_the_rest_of_the_day() -> None:
    """What was stored with a date that is years ahead does not make a later start believe it."""
    jumped = NOW_MS + 3650 * DAY_MS
    rig = Rig(old(0), old(0, name="since", created_ms=jumped, end_ms=jumped))
    rig.clock.wall = jumped + 3_600_000
    expiry = rig.started()
    rig.clock.advance(82_000)
    assert not await expiry.step()
    rig.clock.advance(1000)
    assert await expiry.step()
    assert rig.names == ["since"]


async def test_the_oldest_go_beyond_the_bytes() -> None:
    """A kind that is larger than it may be loses its oldest segments."""
    hours = old(3, kind=Kind.HOUR)
    rig = Rig(old(2), old(1), old(0), hours, settings=RetentionSettings(raw_bytes=1_000_000))
    await rig.expiry.step()
    assert rig.names == [old(1).name, old(0).name, hours.name]


async def test_a_failure_is_tried_again_later() -> None:
    """What cannot be removed now does not end the task that removes."""
    rig = Rig(old(31), old(0))
    rig.barrier.error = StorageFullError("No room.")
    running = asyncio.create_task(rig.expiry.run())
    await asyncio.sleep(0.05)
    assert not running.done()
    running.cancel()
