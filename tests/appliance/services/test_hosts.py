import math
from dataclasses import replace

import pytest

from sysmon_agent.wire.messages import GapReason
from sysmon_appliance.domain.ledger import LedgerEntry
from sysmon_appliance.domain.selector import parse
from sysmon_appliance.errors import BadRequestError, NotFoundError
from sysmon_appliance.services.hosts import HostQuery
from tests.support.console import Console
from tests.support.head import START_MS, batch, facts, host, schema, series

LOAD = series("system.cpu.load_average.1m")
READ = series("system.disk.io", system__device="sda", disk__io__direction="read")
KNOWN = schema(LOAD, READ)
ALL = parse("")


@pytest.fixture
def console() -> Console:
    """A fleet of three, of which host c has sent nothing."""
    made = Console(
        [
            host(1, "b", labels=facts(role="db", env="dev"), tags=("ssd",)),
            host(2, "a", labels=facts(role="db", env="prod")),
            host(3, "c", labels=facts(role="web")),
        ]
    )
    for n in (0, 10):
        made.clock.wall = START_MS + n * 1000
        made.store(
            batch(KNOWN, [(made.clock.wall, (1.0, n * 10.0))], host=1),
            batch(KNOWN, [(made.clock.wall, (5.0, n * 30.0))], host=2),
        )
    return made


def names(console: Console, query: HostQuery) -> list[str]:
    return [each.name for each in console.side.hosts.select(query)[0]]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", ["a", "b", "c"]),
        ("role=db", ["a", "b"]),
        ("role=db,env!=dev", ["a"]),
        ("tag=ssd", ["b"]),
        ("name=c", ["c"]),
        ("status=up,!missing", ["a", "b", "c"]),
        ("id=00000000000000000000000000000002", ["a"]),
    ],
)
def test_selecting(console: Console, selector: str, expected: list[str]) -> None:
    """Hosts are chosen by labels, tags, name, id and status."""
    assert names(console, HostQuery(parse(selector))) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["a", "b", "c"]),
        ("-name", ["c", "b", "a"]),
        ("load1", ["b", "a", "c"]),
        ("-load1", ["a", "b", "c"]),
        ("-last_seen", ["a", "b", "c"]),
        ("status", ["a", "b", "c"]),
    ],
)
def test_sorting(console: Console, sort: str, expected: list[str]) -> None:
    """Hosts are sorted by name, status, time or value; one without the value comes last either way."""
    assert names(console, HostQuery(ALL, sort=sort)) == expected


def test_pages(console: Console) -> None:
    """Pages follow one another by cursor and hold each host once."""
    first, cursor = console.side.hosts.select(HostQuery(ALL, limit=2))
    assert cursor is not None
    second, end = console.side.hosts.select(HostQuery(ALL, limit=2, cursor=cursor))
    assert [each.name for each in (*first, *second)] == ["a", "b", "c"]
    assert end is None


def test_a_cursor_that_is_gone(console: Console) -> None:
    """A cursor that no longer leads anywhere is refused."""
    with pytest.raises(BadRequestError, match="cursor"):
        console.side.hosts.select(HostQuery(ALL, cursor="f" * 32))


def test_finding(console: Console) -> None:
    """A host is found by its id, its name, or the beginning of its id."""
    hosts = console.side.hosts
    console.directory.hosts[2] = replace(console.directory.hosts[2], host_id="abcdef" + "0" * 26)
    assert [hosts.find(wanted).key for wanted in ("0" * 31 + "2", "a", "abcd")] == [2, 2, 3]


def test_finding_nothing(console: Console) -> None:
    """A host that does not exist, and a prefix too short to mean one, are not found."""
    for wanted in ("nobody", "abc", ""):
        with pytest.raises(NotFoundError) as caught:
            console.side.hosts.find(wanted)
        assert caught.value.hint == "sysmon hosts list"


def test_finding_several(console: Console) -> None:
    """A prefix that several ids share is refused, and the ids are named."""
    with pytest.raises(BadRequestError, match="3 hosts"):
        console.side.hosts.find("0000")


def test_a_host_in_detail(console: Console) -> None:
    """A host is shown with each series' newest value and with its streams' accounts."""
    console.ledger.accounts = [
        LedgerEntry(1, "s1", 12, 10, {GapReason.AGENT_DOWN: 2}),
        LedgerEntry(2, "s2", 5, 5, {}),
    ]
    detail = console.side.hosts.detail(console.directory.hosts[0])
    assert [(line.metric, line.unit, line.kind, line.value) for line in detail.series] == [
        ("system.cpu.load_average.1m", "{thread}", "gauge", 1.0),
        ("system.disk.io", "By", "counter", 100.0),
    ]
    assert [(stream.id, stream.missing, stream.by_reason) for stream in detail.streams] == [
        ("s1", 2, {"agent_down": 2})
    ]
    assert (detail.latest["load1"], detail.latest["disk_read"]) == (1.0, 10.0)


def test_a_host_that_sent_nothing(console: Console) -> None:
    """A host that only said hello is shown, without values."""
    detail = console.side.hosts.detail(console.directory.hosts[2])
    assert (detail.series, detail.last_seen) == ([], START_MS)
    assert all(value is not None and math.isnan(value) for value in detail.latest.values())


def test_comparing_canonical_metrics(console: Console) -> None:
    """Hosts are compared by the canonical metrics, each against the first."""
    found = console.side.hosts.compare(console.directory.hosts[:2], [])
    rows = {row.metric: row for row in found.rows}
    assert [each.name for each in found.hosts] == ["b", "a"]
    assert (rows["load1"].values, rows["load1"].delta) == ([1.0, 5.0], [None, 4.0])
    assert rows["disk_read"].values == [10.0, 30.0]


def test_comparing_series(console: Console) -> None:
    """Any metric can be compared, series by series; counters by their rates, absent ones as missing."""
    (row,) = console.side.hosts.compare(console.directory.hosts, ["system.disk.io"]).rows
    assert (row.unit, row.attributes) == ("By/s", dict(READ.attributes))
    assert row.values[:2] == [10.0, 30.0]
    assert row.values[2] is not None
    assert math.isnan(row.values[2])


def test_comparing_an_unknown_metric(console: Console) -> None:
    """A metric that does not exist is refused."""
    with pytest.raises(NotFoundError, match="nonsense"):
        console.side.hosts.compare(console.directory.hosts, ["nonsense"])
