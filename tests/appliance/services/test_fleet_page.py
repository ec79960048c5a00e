import asyncio
import json
import math
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from sysmon_agent.wire.messages import GapReason
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.fleet import FleetMatrix
from sysmon_appliance.domain.ledger import LedgerEntry
from sysmon_appliance.errors import StorageError
from sysmon_appliance.services import ledger
from sysmon_appliance.services.recent import RecentPast
from tests.support.console import Console
from tests.support.head import START_MS, ListHead, batch, facts, host, schema, series

LIMIT, AVAILABLE = series("system.memory.limit"), series("system.memory.linux.available")
KNOWN = schema(LIMIT, AVAILABLE)


def started(*hosts: int) -> Console:
    console = Console([host(key, labels=facts(role="db"), simulated=key == 2) for key in hosts])
    for key in hosts:
        console.store(batch(KNOWN, [(START_MS, (100.0, 25.0))], host=key))
    return console


def test_a_page() -> None:
    """The fleet page has a row per host with values in the order of the metrics' names."""
    console = started(1, 2)
    page = json.loads(msgspec.json.encode(console.side.fleet.page(console.directory.hosts)))
    row = page["hosts"][1]
    values = dict(zip(page["metrics"], row["values"], strict=True))
    assert (row["name"], row["labels"], row["simulated"]) == ("host-2", {"role": "db"}, True)
    assert (values["memory"], values["cpu"]) == (0.75, None)
    assert page["summary"] == {"up": 2, "late": 0, "down": 0, "samples_per_second": 4.0}
    assert (page["epoch"], page["spark_seconds"]) == (3, 10)


def test_sparklines_are_fresh() -> None:
    """A sparkline ends with the newest tick, also when it was asked for just before."""
    console = started(1)
    for seconds, expected in ((0, [750]), (10, [750, 500])):
        console.clock.wall = START_MS + seconds * 1000
        if seconds:
            console.store(batch(KNOWN, [(console.clock.wall, (100.0, 50.0))]))
        page = json.loads(msgspec.json.encode(console.side.fleet.page(console.directory.hosts)))
        spark = page["hosts"][0]["spark"]
        assert len(spark["memory"]) == 60
        assert spark["memory"][-len(expected) :] == expected
        assert set(spark["cpu"]) == {None}
        assert page["spark_units"]["memory"] == 0.001


async def test_a_large_page_lets_others_run() -> None:
    """While the sparklines of a thousand hosts are encoded, the event loop serves others, and the page is the same."""
    console, again = started(*range(1, 1001)), started(*range(1, 1001))
    turns = 0
    preparing = asyncio.create_task(console.side.fleet.prepare(console.directory.hosts))
    while not preparing.done():
        await asyncio.sleep(0)
        turns += 1
    pages = [each.side.fleet.page(each.directory.hosts) for each in (console, again)]
    assert turns > 10
    assert msgspec.json.encode(pages[0]) == msgspec.json.encode(pages[1])


def test_a_host_without_ticks_has_no_sparkline() -> None:
    """A host that only said hello has empty sparklines and no values."""
    console = Console([host(1)])
    (row,) = console.side.fleet.page(console.directory.hosts).hosts
    assert all(value is not None and math.isnan(value) for value in row.values)
    assert json.loads(bytes(row.spark)) == {"cpu": [], "memory": [], "net_receive": [], "net_transmit": []}


def test_silent_hosts_become_late_and_then_down() -> None:
    """A host that misses two intervals is late, after three it is down."""
    console = started(1)
    seen = []
    for seconds in (0, 20, 22, 32):
        console.clock.wall = START_MS + seconds * 1000
        seen.append(console.side.fleet.status(console.directory.hosts[0]).value)
    assert seen == ["up", "up", "late", "down"]


def test_the_ledger_adds_up() -> None:
    """The ledger's total is the sum over all streams, by reason."""
    console = started(1, 2)
    console.ledger.accounts = [
        LedgerEntry(1, "a", 10, 7, {GapReason.AGENT_DOWN: 2, GapReason.OVERRUN: 1}),
        LedgerEntry(2, "b", 5, 4, {GapReason.OVERRUN: 1}),
        LedgerEntry(2, "c", 5, 5, {}),
    ]
    page = ledger.page(console.ledger, console.directory, console.side.matrix)
    assert page.total == ledger.LedgerSum(16, 4, {"agent_down": 2, "overrun": 2})
    assert [[stream.id for stream in each.streams] for each in page.hosts] == [["a"], ["b", "c"]]
    assert all(s.last == s.stored + s.missing for each in page.hosts for s in each.streams)


async def test_the_fleet_is_there_after_a_restart() -> None:
    """After a restart the aggregator shows the last ten minutes from the head, and hosts that are down as such."""
    console = started(1, 2)
    again = Console(console.directory.hosts)
    again.head.stored = console.head.stored
    again.clock.wall = START_MS + 3_600_000
    await again.side.refill()
    page = again.side.fleet.page(again.directory.hosts)
    assert [row.last_seen for row in page.hosts] == [START_MS, START_MS]
    assert page.summary.down == 2
    assert page.hosts[0].values[page.metrics.index("memory")] == 0.75


class DamagedHead(ListHead):
    """A head whose rows of host 1 cannot be read."""

    def batches(self, host: int, from_ms: int, to_ms: int, *, tables: bool = False) -> Iterator[StoredBatch]:
        if host == 1:
            raise StorageError("database disk image is malformed")
        return super().batches(host, from_ms, to_ms, tables=tables)


async def test_damage_to_one_hosts_past_keeps_nobody_from_starting() -> None:
    """Where a host's stored past cannot be read after a restart, the aggregator starts, and shows the others."""
    console = started(1, 2)
    recent = RecentPast(DamagedHead(console.head.stored), console.segments, console.clock)
    side = replace(console.side, recent=recent, matrix=FleetMatrix(console.directory))
    await side.refill()
    assert side.matrix.latest(1) is None
    assert side.matrix.latest(2) is not None
