"""What is sealed and merged next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.jobs import Job, JoinSegments, MergeDay, SealJob
from sysmon_appliance.domain.planning import Rules, merge_job, month_around, seal_job
from sysmon_appliance.domain.segments import BUCKET_MS, DAY_MS, HOUR_MS, Kind, Level, Segment
from sysmon_appliance.domain.usage import HeadFacts

DAY = 1_800_000_000_000 // DAY_MS * DAY_MS  # 2027-01-15
RULES = Rules(seal_after_ms=HOUR_MS, seal_bytes=1000, monthly=frozenset(Kind))
EMPTY = HeadFacts(0)
LONG_AFTER = DAY + 90 * DAY_MS


def segment(number: int, start_ms: int, end_ms: int = 0, **fields: object) -> Segment:
    """Make a sealed segment of ticks, or what fields say."""
    values: dict[str, object] = {
        "kind": Kind.RAW,
        "level": Level.SEALED,
        "first_host": 1,
        "last_host": 9,
        "hosts": 9,
        "ticks": 9,
        "samples": 9,
        "bytes": 9,
        "sha256": "",
        "created_ms": start_ms,
    }
    return Segment(number, f"s{number}", start_ms=start_ms, end_ms=end_ms or start_ms, **values | fields)  # type: ignore[arg-type]


def head(*, rows: int = 100, size: int = 10, received_ms: int = DAY) -> HeadFacts:
    return HeadFacts(7, 8, 7 + rows, received_ms, size)


def names(job: Job | None) -> list[str]:
    """List what a job of merging reads."""
    assert isinstance(job, MergeDay | JoinSegments)
    return [each.name for each in job.inputs]


def test_a_young_and_small_head_is_left_alone() -> None:
    """Nothing is sealed before its time."""
    assert seal_job(head(), RULES, DAY + HOUR_MS - 1) is None


def test_an_empty_head_is_never_sealed() -> None:
    """Where there is nothing, there is nothing to seal, not even when somebody asks."""
    assert seal_job(EMPTY, RULES, DAY, at_once=True) is None


def test_a_head_is_sealed_whole_when_its_oldest_batch_has_its_age() -> None:
    """An hour after the oldest batch came, everything goes."""
    assert seal_job(head(), RULES, DAY + HOUR_MS) == SealJob(7, 107)


def test_a_head_is_sealed_early_when_it_is_large() -> None:
    """A head that has its size does not wait for its age."""
    assert seal_job(head(size=1001), RULES, DAY) == SealJob(7, 107)


def test_a_head_far_beyond_its_size_is_sealed_in_parts() -> None:
    """After an outage no job is larger than an ordinary one."""
    assert seal_job(head(size=10_000), RULES, DAY) == SealJob(7, 17)


def test_whoever_asks_has_the_head_sealed_at_once() -> None:
    """An operator need not wait for the batches' age."""
    assert seal_job(head(), RULES, DAY, at_once=True) == SealJob(7, 107)


def test_batches_from_the_future_do_not_stay_for_ever() -> None:
    """What came while the clock was years ahead is sealed once it is right again."""
    assert seal_job(head(received_ms=DAY + 3650 * DAY_MS), RULES, DAY) == SealJob(7, 107)


def test_a_day_is_merged_when_it_is_over_and_has_left_the_head() -> None:
    """A day waits for its last hour, and for the batches that came in it."""
    sealed = [segment(1, DAY), segment(2, DAY + HOUR_MS)]
    over_ms = DAY + DAY_MS + HOUR_MS
    assert merge_job(sealed, EMPTY, RULES, over_ms - 1) is None
    assert merge_job(sealed, head(received_ms=DAY + DAY_MS - 1), RULES, over_ms) is None
    assert merge_job(sealed, EMPTY, RULES, over_ms) == MergeDay(Level.DAY, tuple(sealed))


def test_what_comes_late_waits_until_no_more_comes() -> None:
    """A host that sends an old day bit by bit does not have it merged bit by bit."""
    late = [segment(1, DAY, created_ms=LONG_AFTER)]
    assert merge_job(late, EMPTY, RULES, LONG_AFTER + HOUR_MS - 1) is None
    assert names(merge_job(late, EMPTY, RULES, LONG_AFTER + HOUR_MS)) == ["s1"]
    assert names(merge_job(late, EMPTY, RULES, LONG_AFTER, at_once=True)) == ["s1"]


def test_much_that_comes_late_waits_no_longer() -> None:
    """Files do not pile up while there is never an hour without another."""
    late = [segment(number, DAY, created_ms=LONG_AFTER) for number in range(24)]
    assert len(names(merge_job(late, EMPTY, RULES, LONG_AFTER))) == 24


def test_late_ticks_are_merged_beside_those_that_were() -> None:
    """The merged ticks of the same hosts and times are shown to the job, and no others."""
    merged = partial(segment, level=Level.DAY, created_ms=DAY)
    beside = merged(1, DAY, DAY + HOUR_MS)
    others = [
        merged(2, DAY + DAY_MS),
        merged(3, DAY, first_host=10, last_host=12),
        merged(4, DAY, kind=Kind.HOUR),
        merged(5, DAY, DAY + HOUR_MS, damaged_ms=1),
    ]
    late = segment(6, DAY + 60_000)
    rules = replace(RULES, monthly=frozenset[Kind]())
    assert merge_job([beside, *others, late], EMPTY, rules, LONG_AFTER) == MergeDay(Level.DAY, (late,), (beside,))


def test_scattered_times_are_merged_for_good_at_once() -> None:
    """A segment of many days belongs to no month, so that nothing waits for its end."""
    scattered = segment(1, 1000, DAY + 3650 * DAY_MS, created_ms=DAY)
    job = merge_job([scattered], EMPTY, RULES, DAY + HOUR_MS)
    assert job == MergeDay(Level.MONTH, (scattered,))


def test_a_day_far_in_the_future_is_not_waited_for() -> None:
    """Ticks of a host whose clock is years ahead are merged like others."""
    future = segment(1, DAY + 3650 * DAY_MS, created_ms=DAY)
    assert names(merge_job([future], EMPTY, RULES, DAY + HOUR_MS)) == ["s1"]


def test_tables_of_a_day_are_brought_together() -> None:
    """Tables have no rollups: their rows are only joined."""
    tables = segment(1, DAY, kind=Kind.TABLES)
    assert merge_job([tables], EMPTY, RULES, LONG_AFTER) == JoinSegments(Kind.TABLES, Level.DAY, (tables,))


def test_a_month_becomes_one_two_days_after_its_end() -> None:
    """Days are joined by kind, each month by itself."""
    days = [segment(number, DAY + number * DAY_MS, level=Level.DAY) for number in range(20)]
    february_ms = month_around(DAY)[1]
    now_ms = february_ms + 2 * DAY_MS
    assert merge_job(days, EMPTY, RULES, now_ms - 1) is None
    job = merge_job(days, EMPTY, RULES, now_ms)
    assert isinstance(job, JoinSegments)
    assert (job.kind, job.level) == (Kind.RAW, Level.MONTH)
    assert job.inputs == tuple(day for day in days if day.start_ms < february_ms)


def test_late_days_join_the_month_that_is_there() -> None:
    """Only files of the month that may hold the same hosts are written again."""
    month = partial(segment, level=Level.MONTH, created_ms=DAY)
    same = month(1, DAY, DAY + 9 * DAY_MS)
    other = month(2, DAY, DAY + 9 * DAY_MS, first_host=10, last_host=20)
    late = segment(3, DAY + DAY_MS, level=Level.DAY)
    assert names(merge_job([same, other, late], EMPTY, RULES, LONG_AFTER)) == ["s1", "s3"]


def test_kinds_that_are_kept_for_a_short_time_stay_in_days() -> None:
    """What expires after a month is not joined to files that would have to wait for their last day."""
    days = [segment(1, DAY, level=Level.DAY), segment(2, DAY, level=Level.DAY, kind=Kind.HOUR)]
    rules = replace(RULES, monthly=frozenset({Kind.HOUR}))
    assert names(merge_job(days, EMPTY, rules, LONG_AFTER)) == ["s2"]


@pytest.mark.parametrize("at", ["2027-01-31T23:59:59", "2027-12-31T23:59:59", "2028-02-29T12:00:00"])
def test_months_are_those_of_the_calendar(at: str) -> None:
    """A month begins on its first day in UTC, and ends where the next begins."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    start_ms, end_ms = month_around(int(moment.timestamp()) * 1000)
    start, end = (datetime.fromtimestamp(ms // 1000, UTC) for ms in (start_ms, end_ms))
    assert start <= moment < end
    assert (start.day, start.hour, end.day, end.hour) == (1, 0, 1, 0)
    assert (end - start).days in {29, 31}


TIMES = st.one_of(st.integers(0, 1 << 53), st.integers(DAY - 40 * DAY_MS, DAY + 3 * DAY_MS))


@st.composite
def sealed(draw: st.DrawFn) -> list[Segment]:
    spans = draw(st.lists(st.tuples(TIMES, st.integers(0, 3 * DAY_MS), st.sampled_from([Kind.RAW, Kind.TABLES]))))
    return [segment(number, start, start + length, kind=kind) for number, (start, length, kind) in enumerate(spans)]


def done(job: Job, number: int, now_ms: int) -> Sequence[Segment]:
    """Make what a job would make."""
    match job:
        case MergeDay():
            kinds: Sequence[Kind] = (Kind.RAW, *BUCKET_MS)
        case JoinSegments():
            kinds = (job.kind,)
        case _:
            raise TypeError(job)
    start_ms, end_ms = min(each.start_ms for each in job.inputs), max(each.end_ms for each in job.inputs)
    return [
        segment(number + place, start_ms, end_ms, kind=kind, level=job.level, created_ms=now_ms)
        for place, kind in enumerate(kinds)
    ]


@given(sealed())
def test_merging_comes_to_an_end(segments: list[Segment]) -> None:
    """Whatever times ticks have, nothing stays as it was sealed, and no job is planned twice."""
    now_ms, number = LONG_AFTER, len(segments)
    for _ in range(8 * len(segments) + 8):
        job = merge_job(segments, EMPTY, RULES, now_ms)
        if job is None:
            now_ms += 2 * DAY_MS
            job = merge_job(segments, EMPTY, RULES, now_ms)
        if job is None:
            break
        assert isinstance(job, MergeDay | JoinSegments)
        made = done(job, number, now_ms)
        segments = [each for each in segments if each not in job.inputs] + list(made)
        number += len(made)
    near = [each for each in segments if each.end_ms < now_ms or each.start_ms > now_ms + 40 * DAY_MS]
    assert {each.level for each in near} <= {Level.MONTH}
