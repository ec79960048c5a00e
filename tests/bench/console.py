"""What answering the console costs the aggregator: `make bench-console`.

The fleet page of a thousand hosts is answered from memory; charts are read out of a real live database. Billed is the
CPU time of this process, answers encoded as they travel; the fastest of several runs counts, for the machine may be
busy with other things.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.encode import encode_batch, schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair, Schema
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.changes import AppendBatch, Change, OpenStream, SaveHost, SaveSchema
from sysmon_appliance.domain.downsample import Window
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.selector import parse
from sysmon_appliance.services.documents import charts_document
from sysmon_appliance.services.history import History
from sysmon_appliance.services.hosts import HostQuery
from sysmon_appliance.sqlite import LiveDatabase
from tests.bench.measure import machine, report
from tests.support.console import Console
from tests.support.head import START_MS, NoSegments, batch, host, schema
from tests.support.head import machine as machine_series

HOSTS = 1000
GROUP = 15  # a hundred pushes a second, committed every 150 ms
LINES = machine_series(cores=4, disks=("sda", "sdb"), nics=("eth0", "eth1"))
RANDOM = np.random.default_rng(1)


def milliseconds(work: Callable[[], object], runs: int = 7) -> float:
    """Return the CPU time of the fastest run."""

    def once() -> float:
        began = time.process_time()
        work()
        return (time.process_time() - began) * 1000

    return min(once() for _ in range(runs))


def round_of_ticks(number: int) -> list[StoredBatch]:
    """Make one tick of every host, each under a schema of its own."""
    t = START_MS + 10_000 * number
    counted = (RANDOM.random(len(LINES)) * 1000 + number * 10_000).tolist()
    return [batch(schema(*LINES, key=key), [(t, counted)], host=key) for key in range(1, HOSTS + 1)]


def measure_fleet() -> None:
    """Time the fleet page, and taking in a tick of every host."""
    console = Console([host(key) for key in range(1, HOSTS + 1)])
    side = console.side
    for number in range(62):
        side.matrix.update(round_of_ticks(number))
    console.clock.wall = START_MS + 620_000
    conditions = f"{HOSTS} hosts of {len(LINES)} series; no peer; {machine()}"

    def page() -> bytes:
        hosts, _ = side.hosts.select(HostQuery(parse("")))
        return msgspec.json.encode(side.fleet.page(hosts))

    def page_ten_seconds_later() -> None:
        console.clock.advance(10)
        page()

    page()
    report("console.fleet_page.cpu", milliseconds(page), "ms", conditions=conditions)
    report(
        "console.fleet_page_with_new_sparklines.cpu",
        milliseconds(page_ten_seconds_later),
        "ms",
        conditions=conditions,
    )
    ticks = iter([round_of_ticks(number) for number in range(62, 70)])

    def take_in() -> None:
        arrived = next(ticks)
        for start in range(0, HOSTS, GROUP):
            side.matrix.update(arrived[start : start + GROUP])

    per_batch = milliseconds(take_in, runs=8) / HOSTS * 1000
    report("console.fleet_matrix.cpu_per_batch", per_batch, "us", conditions=f"{conditions}; groups of {GROUP}")


def store(database: LiveDatabase, changes: list[Change]) -> None:
    """Commit changes and wait until they are."""
    done = threading.Event()
    errors: list[SysmonError | None] = []

    def settle(error: SysmonError | None) -> None:
        errors.append(error)
        done.set()

    database.writer.commit(changes, settle)
    done.wait()
    assert errors == [None]


def fill(database: LiveDatabase, count: int, interval_ms: int) -> None:
    """Store a host with so many ticks, one batch each."""
    lines = Schema(tuple(LINES))
    name = schema_hash(lines)
    known = KnownSchema(1, name, lines)
    store(database, [SaveHost(host(1, interval_ms=interval_ms)), SaveSchema(known), OpenStream(1, 1, bytes(16))])
    values = RANDOM.random(len(LINES)) * 1e6
    appended: list[Change] = []
    for number in range(count):
        values += RANDOM.random(len(LINES)) * 1000
        t = START_MS + number * interval_ms
        made = Batch(bytes(16), number + 1, (t,), (t,), values.astype("<f8").tobytes(), name, ClockPair(t, t))
        appended.append(AppendBatch(number + 1, 1, 1, 1, made, encode_batch(made), 0, t))
    store(database, appended)


def measure_charts(label: str, count: int, interval_ms: int) -> None:
    """Time all charts of a host over so many ticks."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveDatabase.open(Path(folder) / "live", SystemClock()) as database,
    ):
        fill(database, count, interval_ms)
        history = History(database.head, NoSegments(), SystemClock())
        window = Window(START_MS, START_MS + count * interval_ms, 800)

        def charts() -> bytes:
            found = history.charts(host(1, interval_ms=interval_ms), window)
            return msgspec.json.encode(charts_document(found.lines, found.gaps, found.level))

        conditions = f"{count} batches of {len(LINES)} series, 800 points; no peer; {machine()}"
        report(f"console.host_charts.{label}.cpu", milliseconds(charts), "ms", conditions=conditions)


def main() -> None:
    measure_fleet()
    measure_charts("hour_at_2_s", 1800, 2000)
    measure_charts("day_at_10_s", 8640, 10_000)


if __name__ == "__main__":
    main()
