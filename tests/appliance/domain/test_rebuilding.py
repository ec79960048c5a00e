"""Ways in which a lost segment may be made again."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.jobs import JoinSegments, MergeDay
from sysmon_appliance.domain.rebuilding import Rebuild, rebuilds
from sysmon_appliance.domain.segments import DAY_MS, Kind, Level, Segment
from tests.support.storage import DAY, segment

CREATED_MS = (DAY + 1) * DAY_MS


def one_way(lost: Segment, in_force: Sequence[Segment] = (), dropped: Sequence[Segment] = ()) -> Rebuild:
    (way,) = rebuilds(lost, [*in_force, lost], dropped)
    return way


def no_way(lost: Segment, in_force: Sequence[Segment] = (), dropped: Sequence[Segment] = ()) -> bool:
    return not list(rebuilds(lost, [*in_force, lost], dropped))


def sealed(number: int, *, dropped_ms: int = CREATED_MS + 5, hosts: tuple[int, int] = (1, 1)) -> Segment:
    """Make a segment of an hour that went into a day."""
    return replace(
        segment(level=Level.SEALED, number=number, name=f"sealed-{number}.sqlite", hosts=hosts),
        created_ms=CREATED_MS - 100 + number,
        dropped_ms=dropped_ms,
    )


def test_rollups_come_from_their_ticks() -> None:
    """Lost rollups of a day are rolled up from the ticks of that day, and of no other."""
    lost, ticks = segment(Kind.MINUTE), segment()
    way = one_way(lost, [segment(day=DAY - 1), ticks, segment(day=DAY + 1)])
    assert way == Rebuild(MergeDay(Level.DAY, (ticks,)), (lost,))


def test_rollups_that_share_ticks_are_made_again_together() -> None:
    """Where the ticks' files are cut elsewhere than the rollups', all rollups that they stand behind are replaced."""
    lost = segment(Kind.MINUTE, hosts=(1, 50))
    other = segment(Kind.MINUTE, hosts=(51, 100))
    ticks = [segment(hosts=(1, 70)), segment(hosts=(71, 100))]
    way = one_way(lost, [other, *ticks])
    assert way.job == MergeDay(Level.DAY, tuple(ticks))
    assert way.replaces == (lost, other)


def test_rollups_of_other_hosts_stay() -> None:
    """Where files are cut at the same hosts, nothing but the lost rollups is replaced."""
    lost, ticks = segment(Kind.HOUR, hosts=(1, 50)), segment(hosts=(1, 50))
    others = [segment(Kind.HOUR, hosts=(51, 100)), segment(hosts=(51, 100))]
    way = one_way(lost, [ticks, *others])
    assert way == Rebuild(MergeDay(Level.DAY, (ticks,)), (lost,))


def test_rollups_whose_ticks_have_expired_are_lost() -> None:
    """Without all of the ticks there is no way: some of the values would be missing."""
    lost = segment(Kind.MINUTE)
    assert no_way(lost)
    assert no_way(lost, [replace(segment(), samples=lost.samples - 1)])
    assert no_way(lost, [replace(segment(), damaged_ms=1)])


def test_ticks_come_from_what_they_were_merged_from() -> None:
    """Lost ticks of a day are merged again from the sealed segments that the day took the place of."""
    lost = segment(created_ms=CREATED_MS)
    hours = [sealed(1), sealed(2)]
    assert one_way(lost, dropped=hours[::-1]) == Rebuild(MergeDay(Level.DAY, tuple(hours)), (lost,))


def test_what_was_merged_before_stays_beside() -> None:
    """Ticks of that day which are whole are neither replaced nor taken once more."""
    earlier = segment(name="earlier.sqlite", created_ms=CREATED_MS - 3_600_000)
    lost = segment(created_ms=CREATED_MS)
    way = one_way(lost, [earlier], [sealed(1)])
    assert way == Rebuild(MergeDay(Level.DAY, (sealed(1),), (earlier,)), (lost,))


def test_files_of_one_merge_are_made_again_together() -> None:
    """Where a merge made several files, all of them are replaced by what it makes again."""
    lost, other = (segment(hosts=hosts, created_ms=CREATED_MS) for hosts in ((1, 50), (51, 100)))
    way = one_way(lost, [other], [sealed(1, hosts=(1, 100))])
    assert way == Rebuild(MergeDay(Level.DAY, (sealed(1, hosts=(1, 100)),)), (lost, other))


def test_months_and_tables_are_joined_again() -> None:
    """A month comes from its days, and tables of a day from the sealed ones."""
    month = segment(Kind.HOUR, Level.MONTH, days=30, created_ms=CREATED_MS)
    days = [replace(segment(Kind.HOUR, day=DAY + number), dropped_ms=CREATED_MS + 5, created_ms=1) for number in (0, 1)]
    assert one_way(month, dropped=days).job == JoinSegments(Kind.HOUR, Level.MONTH, tuple(days))
    tables = segment(Kind.TABLES, created_ms=CREATED_MS)
    hour = replace(sealed(1), kind=Kind.TABLES)
    assert one_way(tables, dropped=[hour]).job == JoinSegments(Kind.TABLES, Level.DAY, (hour,))


def test_what_went_at_another_time_is_no_source() -> None:
    """Segments that other merges dropped, earlier or later, are left alone."""
    lost = segment(created_ms=CREATED_MS)
    assert no_way(lost, dropped=[sealed(1, dropped_ms=CREATED_MS - 1)])
    later = sealed(2, dropped_ms=CREATED_MS + 50)
    assert one_way(lost, dropped=[sealed(1), later]).job == MergeDay(Level.DAY, (sealed(1),))


def test_damaged_sources_are_none() -> None:
    """What was merged from a segment that is damaged itself cannot be merged again."""
    assert no_way(segment(created_ms=CREATED_MS), dropped=[sealed(1), replace(sealed(2), damaged_ms=1)])


def test_rollups_have_two_ways() -> None:
    """A month of rollups comes from its days while they are there, else from ticks."""
    lost = segment(Kind.HOUR, Level.MONTH, days=30, created_ms=CREATED_MS)
    day = replace(segment(Kind.HOUR), dropped_ms=CREATED_MS + 5, created_ms=1)
    ticks = segment(level=Level.MONTH, days=30)
    first, second = rebuilds(lost, [lost, ticks], [day])
    assert isinstance(first.job, JoinSegments)
    assert second.job == MergeDay(Level.MONTH, (ticks,))


spans = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted).map(tuple)
segments = st.builds(
    lambda kind, day, hosts, number: segment(
        kind, day=DAY + day, hosts=hosts, name=f"{number}.sqlite", number=number, samples=number
    ),
    st.sampled_from([Kind.RAW, Kind.MINUTE]),
    st.integers(0, 2),
    spans,
    st.integers(1, 1 << 30),
)


@given(st.lists(segments, min_size=1, max_size=12, unique_by=lambda one: one.name))
def test_nothing_is_ever_lost_or_doubled(found: list[Segment]) -> None:
    """Rollups that a rebuild replaces share nothing with rollups that stay, as far as its ticks reach."""
    lost = replace(found[0], kind=Kind.MINUTE)
    in_force = [lost, *found[1:]]
    for way in rebuilds(lost, in_force, []):
        job = way.job
        assert isinstance(job, MergeDay)
        assert way.replaces[0] == lost
        staying = [one for one in in_force if one.kind is Kind.MINUTE and one not in way.replaces]
        assert not [one for one in staying for ticks in job.inputs if overlap(one, ticks)]


def overlap(one: Segment, other: Segment) -> bool:
    hosts = one.first_host <= other.last_host and other.first_host <= one.last_host
    return hosts and one.start_ms <= other.end_ms and other.start_ms <= one.end_ms


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=4), st.integers(0, 4000))
def test_only_as_many_values_are_accepted(parts: list[int], samples: int) -> None:
    """What is made takes the place of what is lost only where the numbers of their values are the same."""
    lost = replace(segment(Kind.MINUTE), samples=samples)
    made = [replace(segment(Kind.MINUTE), samples=part) for part in parts]
    way = Rebuild(MergeDay(Level.DAY, ()), (lost,))
    assert way.accepted([segment(), *made]) == (tuple(made) if sum(parts) == samples else ())
