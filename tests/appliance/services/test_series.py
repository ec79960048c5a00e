"""Which host has which series, as the catalogue has it and as questions are answered."""

import gc
from dataclasses import replace
from weakref import ref

import pytest

from sysmon_appliance.config import LimitSettings
from sysmon_appliance.domain.series import Use
from sysmon_appliance.domain.state import State
from sysmon_appliance.errors import BadRequestError, TooManySeriesError
from sysmon_appliance.services.new_series import NewSeries
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.services.series_answers import SeriesAnswers, SeriesQuery
from tests.support.clock import ManualClock
from tests.support.head import START_MS, Directory, batch, host, schema, series

SYSTEM = schema(series("system.uptime"), series("system.cpu.time", cpu="0"), series("system.cpu.time", cpu="1"), key=1)
DISKS = schema(series("system.uptime"), series("disk.io", device="sda"), key=2)
NOTHING = State("cluster", 1, hosts=(), schemas=(), streams=(), next_batch=1)
DAY_MS = 86_400_000


class Region:
    """A catalogue of two hosts, with what answers and what bounds."""

    def __init__(self, state: State = NOTHING, limits: LimitSettings | None = None) -> None:
        self.clock = ManualClock(wall_ms=START_MS)
        self.directory = Directory([host(1, "web-1", labels=(("role", "web"),)), host(2, "db-1")])
        self.catalog = SeriesCatalog(state, self.directory, self.clock)
        self.answers = SeriesAnswers(self.catalog, limits or LimitSettings())
        self.new_series = NewSeries(limits or LimitSettings(), self.catalog)

    async def found(self, *match: str) -> list[tuple[str, str]]:
        page = await self.answers.list(SeriesQuery(match))
        assert page.total == len(page.series)
        return [(row.host.name, row.metric) for row in page.series]


def ticks(*seconds: int, of: int = 3) -> list[tuple[int, list[float]]]:
    return [(START_MS + 1000 * second, [0.0] * of) for second in seconds]


@pytest.fixture
def region() -> Region:
    region = Region()
    region.catalog.note([batch(SYSTEM, ticks(0, 1)), batch(DISKS, ticks(2, of=2), host=2)])
    return region


async def test_series_are_listed_by_host_metric_and_attributes(region: Region) -> None:
    """Without a selector all are listed, in order."""
    page = await region.answers.list(SeriesQuery())
    assert [(row.host.name, row.metric, row.attributes) for row in page.series] == [
        ("db-1", "disk.io", {"device": "sda"}),
        ("db-1", "system.uptime", {}),
        ("web-1", "system.cpu.time", {"cpu": "0"}),
        ("web-1", "system.cpu.time", {"cpu": "1"}),
        ("web-1", "system.uptime", {}),
    ]
    assert page.next is None


async def test_hosts_are_matched_by_name_id_and_labels(region: Region) -> None:
    """A selector's keys are attributes of series, and name, id and labels of hosts."""
    assert await region.found('system.uptime{host="db-1"}') == [("db-1", "system.uptime")]
    assert await region.found('system.uptime{role=~"w.*"}') == [("web-1", "system.uptime")]
    assert await region.found(f'{{host_id="{host(2).host_id}"}}', 'system.uptime{role="web"}') == [
        ("db-1", "disk.io"),
        ("db-1", "system.uptime"),
        ("web-1", "system.uptime"),
    ]


async def test_a_series_says_since_when_and_until_when(region: Region) -> None:
    """First and last are of the ticks of all lists of series that held it."""
    region.catalog.note([batch(DISKS, ticks(60, of=2)), batch(DISKS, ticks(5, of=2))])
    page = await region.answers.list(SeriesQuery(host=region.directory.by_key(1)))
    assert [(row.metric, (row.first - START_MS) // 1000, (row.last - START_MS) // 1000) for row in page.series] == [
        ("disk.io", 5, 60),
        ("system.cpu.time", 0, 1),
        ("system.cpu.time", 0, 1),
        ("system.uptime", 0, 60),
    ]
    assert page.total == 4


async def test_pages_make_the_list(region: Region) -> None:
    """Following the cursor gives each series once, with the same total on each page."""
    pages = [await region.answers.list(SeriesQuery(limit=2))]
    while (cursor := pages[-1].next) is not None:
        pages.append(await region.answers.list(SeriesQuery(limit=2, cursor=cursor)))
    whole = await region.answers.list(SeriesQuery())
    assert [row for page in pages for row in page.series] == whole.series
    assert [page.total for page in pages] == [5, 5, 5]


async def test_pages_show_one_moment(region: Region) -> None:
    """A series that comes in while somebody turns pages is on none of them."""
    first = await region.answers.list(SeriesQuery(limit=2))
    region.catalog.note([batch(schema(series("a.new"), key=3), ticks(9, of=1))])
    second = await region.answers.list(SeriesQuery(limit=100, cursor=first.next))
    assert "a.new" not in {row.metric for row in second.series}
    assert "a.new" in {row.metric for row in (await region.answers.list(SeriesQuery())).series}


@pytest.mark.parametrize("cursor", ["x", f"{host(1).host_id}.0000000000000000", f"{'f' * 32}.00"])
async def test_a_cursor_of_nothing_is_refused(region: Region, cursor: str) -> None:
    """A cursor that stands for no series of the list is a bad request."""
    with pytest.raises(BadRequestError, match="no longer in the list"):
        await region.answers.list(SeriesQuery(cursor=cursor))


async def test_a_host_that_is_described_anew_is_found_as_it_is(region: Region) -> None:
    """A new name or label counts from the next question on."""
    assert await region.found('{role="web"}')
    region.directory.hosts[0] = replace(region.directory.hosts[0], name="web-9", labels=(("role", "cache"),))
    assert not await region.found('{role="web"}')
    assert {name for name, _ in await region.found('{role="cache"}')} == {"web-9"}


async def test_the_report_says_where_series_are_many(region: Region) -> None:
    """Hosts, metrics and keys come with how many series each has, those with the most first."""
    report = await region.answers.cardinality(10)
    assert report.total == report.active == 5
    assert [(one.name, one.series, one.active) for one in report.hosts] == [("web-1", 3, 3), ("db-1", 2, 2)]
    assert [(one.metric, one.series) for one in report.metrics] == [
        ("system.cpu.time", 2),
        ("system.uptime", 2),
        ("disk.io", 1),
    ]
    assert [(one.key, one.values, one.series) for one in report.attributes] == [("cpu", 2, 2), ("device", 1, 1)]
    assert [one.name for one in (await region.answers.cardinality(1)).hosts] == ["web-1"]


async def test_active_are_those_of_the_newest_list_of_a_host_that_reports(region: Region) -> None:
    """What a host has stopped sending is not active, and nothing of a host that is down is."""
    region.catalog.note([batch(DISKS, ticks(600, of=2))])
    region.clock.advance(610)
    report = await region.answers.cardinality(10)
    assert (report.total, report.active) == (6, 2)
    assert [(one.name, one.active) for one in report.hosts] == [("web-1", 2), ("db-1", 0)]


async def test_the_catalogue_begins_with_what_is_kept() -> None:
    """What hosts used before a start is found after it."""
    uses = [Use(1, 1, START_MS, START_MS + 5), Use(1, 2, START_MS + 6, START_MS + 9)]
    region = Region(replace(NOTHING, schemas=[SYSTEM, DISKS], uses=uses))
    assert len(await region.found()) == 4
    assert region.catalog.has_used(1, DISKS)
    assert not region.catalog.has_used(2, DISKS)


def test_hosts_with_the_same_lists_share_what_is_in_memory() -> None:
    """However many hosts send the same series, their numbers are kept once, and let go of when none has them."""
    region = Region()
    region.catalog.note([batch(SYSTEM, ticks(0), host=key) for key in (1, 2)])
    first, second = region.catalog.holdings()().hosts
    assert first.numbers is second.numbers
    kept = ref(first.numbers)
    del first, second
    region.catalog.note([batch(DISKS, ticks(1, of=2), host=key) for key in (1, 2)])
    region.catalog.holdings()()
    gc.collect()
    assert kept() is None


LIMITS = LimitSettings(new_series_per_host_per_day=100)


def test_new_series_of_a_host_are_bounded() -> None:
    """A list with more new series than are left of a day's share is refused, with a command to look closer."""
    region = Region(limits=LIMITS)
    wide = schema(*(series("c", container=str(number)) for number in range(101)), key=7)
    with pytest.raises(TooManySeriesError) as refused:
        region.new_series.judge(1, wide.hash, wide.schema, now_ms=START_MS)
    assert refused.value.hint == "sysmon series cardinality"
    assert region.new_series.refused == {"series": 1}
    region.new_series.judge(1, SYSTEM.hash, SYSTEM.schema, now_ms=START_MS)


def test_series_that_a_host_had_are_not_new() -> None:
    """Other lists of the same series use up nothing, and neither does a list that was used before."""
    region = Region(limits=LIMITS)
    lines = [series("c", container=str(number)) for number in range(100)]
    whole = schema(*lines, key=7)
    region.new_series.judge(1, whole.hash, whole.schema, now_ms=START_MS)
    region.catalog.note([batch(whole, ticks(0, of=100))])
    for less in range(1, 50):
        part = schema(*lines[less:], key=7 + less)
        region.new_series.judge(1, part.hash, part.schema, now_ms=START_MS)
    region.new_series.admit(1, whole, now_ms=START_MS)
    one_more = schema(series("c", container="x"), key=99)
    with pytest.raises(TooManySeriesError):
        region.new_series.judge(1, one_more.hash, one_more.schema, now_ms=START_MS)


def test_a_list_that_waits_for_its_commit_is_counted_once() -> None:
    """Batches that follow the first one before it is committed use up nothing more."""
    region = Region(limits=LIMITS)
    wide = schema(*(series("c", container=str(number)) for number in range(60)), key=7)
    for _ in range(5):
        region.new_series.judge(1, wide.hash, wide.schema, now_ms=START_MS)
    assert not region.new_series.refused


def test_a_days_share_comes_back_in_a_day() -> None:
    """What was refused is refused again by its name alone until there is room, and admitted then."""
    region = Region(limits=LIMITS)
    first = schema(*(series("c", container=str(number)) for number in range(100)), key=7)
    later = schema(*(series("d", container=str(number)) for number in range(50)), key=8)
    region.new_series.judge(1, first.hash, first.schema, now_ms=START_MS)
    with pytest.raises(TooManySeriesError):
        region.new_series.judge(1, later.hash, later.schema, now_ms=START_MS)
    with pytest.raises(TooManySeriesError):
        region.new_series.remind(1, later.hash, now_ms=START_MS + DAY_MS // 4)
    region.new_series.remind(2, later.hash, now_ms=START_MS)
    region.new_series.remind(1, later.hash, now_ms=START_MS + DAY_MS // 2 + 1000)
    region.new_series.judge(1, later.hash, later.schema, now_ms=START_MS + DAY_MS // 2 + 1000)
