"""A simulated year of a fleet, browsed: `make bench-year`.

The year is made as segments, days and months, in the folder of an aggregator; see `made_year`. Then the real
aggregator is started on it and asked what the console asks, of one host after another, and Chromium, where it is
installed, opens ranges as a person does. Making the year takes most of the time; `--folder` keeps it for another run.
"""

import argparse
import http.client
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sysmon_appliance.domain.segments import DAY_MS, HOUR_MS
from tests.bench.made_year import DAYS, Size, make_year
from tests.bench.measure import cpu_seconds, machine, report, resident_bytes, settle
from tests.bench.year_in_browser import browse
from tests.support.system import System, UnixConnection, eventually, system_in

RANGES = {"1h": HOUR_MS, "24h": DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS, "90d": 90 * DAY_MS, "1y": DAYS * DAY_MS}
POINTS = 800
ROUNDS = 50
_TABLE_DAYS = 13
_API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Year:
    """A running aggregator with a past; `end_ms` is where that ends."""

    system: System
    pid: int
    hosts: Sequence[str]  # ids
    end_ms: int
    conditions: str

    def asked(self, path: str, host: int = 0, **parameters: object) -> str:
        """Return what to ask; `{id}` in the path is the host of that number, counted round and round."""
        return f"{_API}/{path.format(id=self.hosts[host % len(self.hosts)])}?{urlencode(parameters)}"

    def chart(self, host: int, span_ms: int) -> str:
        span = {"from": self.end_ms - span_ms, "to": self.end_ms, "points": POINTS}
        return self.asked("hosts/{id}/charts", host, **span)


@contextmanager
def started(folder: Path) -> Iterator[Year]:
    """Run the aggregator on a made year, and say how long it took to be ready."""
    with system_in(folder) as system:
        begun = time.perf_counter()
        pid = system.start_aggregator().pid
        system.ready()
        taken = time.perf_counter() - begun
        hosts = [host["id"] for host in system.get(f"{_API}/hosts?limit=1000")["hosts"]]
        rest(system, pid)
        storage = system.get(f"{_API}/storage")
        samples = sum(kind["samples"] for kind in storage["kinds"] if kind["kind"] == "hour")
        conditions = f"{len(hosts)} hosts, {DAYS} days, {samples / 1e6:.0f} million samples; no peer; {machine()}"
        report("year.start.wall", 1000 * taken, "ms", conditions=conditions)
        report_disk(storage, samples, conditions)
        end_ms = max(kind["to"] or 0 for kind in storage["kinds"])
        yield Year(system, pid, hosts, end_ms, conditions)
        report("year.resident_bytes", resident_bytes(pid) / 1e6, "MB", conditions=f"after browsing; {conditions}")


def rest(system: System, pid: int) -> None:
    """Wait until all segments have been read for the first time, which an aggregator begins with by itself."""

    def done() -> bool:
        checked = system.get(f"{_API}/storage/check")["state"] == "done"
        return checked and system.get(f"{_API}/storage")["working"] is None

    eventually(done, "all segments are checked", patience=1800)
    settle(pid)


def report_disk(storage: dict[str, Any], samples: int, conditions: str) -> None:
    """Say what is kept weighs, for each sample that was sent within the year."""
    for kind in storage["kinds"]:
        name = f"year.bytes_per_sample.{kind['kind']}"
        kept = f"{kind['segments']} segments of {kind['days']} days; {conditions}"
        report(name, kind["bytes"] / samples, "By", conditions=kept)
    total = storage["head"]["file_bytes"] + sum(kind["bytes"] for kind in storage["kinds"])
    report(
        "year.bytes_per_sample.everything", total / samples, "By", conditions=f"with the live database; {conditions}"
    )


def measure(year: Year, name: str, questions: Sequence[str]) -> None:
    """Ask each question once, on one connection."""
    connection = UnixConnection(year.system.socket)
    taken = []
    before = cpu_seconds(year.pid)
    for question in questions:
        begun = time.perf_counter()
        connection.request("GET", question)
        answer = connection.getresponse()
        body = answer.read()
        taken.append(1000 * (time.perf_counter() - begun))
        if answer.status != http.client.OK:
            raise RuntimeError(f"{question} was answered {answer.status}: {body[:200]!r}")
    connection.close()
    used = 1000 * (cpu_seconds(year.pid) - before) / len(questions)
    conditions = f"{len(questions)} questions, each of another host; {year.conditions}"
    report(f"year.{name}.p95", statistics.quantiles(taken, n=20)[-1], "ms", conditions=conditions)
    report(f"year.{name}.cpu", used, "ms", conditions=conditions)


def measure_all(year: Year) -> None:
    """Ask what the pages of the console ask."""
    rounds = range(ROUNDS)
    measure(year, "fleet", [year.asked("fleet") for _ in rounds])
    for name, span_ms in RANGES.items():
        measure(year, f"charts.{name}", [year.chart(host, span_ms) for host in rounds])
    then = [year.end_ms - host * _TABLE_DAYS * DAY_MS // ROUNDS for host in rounds]
    measure(year, "processes", [year.asked("hosts/{id}/processes", host, at=then[host]) for host in rounds])
    for name in ("1h", "24h", "7d"):
        span = {"from": year.end_ms - RANGES[name], "to": year.end_ms}
        measure(year, f"top.{name}", [year.asked("hosts/{id}/processes/top", host, **span) for host in rounds])
    for name in ("storage", "storage/forecast", "storage/segments", "series", "series/cardinality"):
        measure(year, name.replace("/", "_"), [year.asked(name) for _ in rounds])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=50, help="hosts of the fleet")
    parser.add_argument("--interval", type=int, default=300, help="seconds between ticks, a whole part of an hour")
    parser.add_argument("--folder", type=Path, help="where the year is kept; one that is there is browsed as it is")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-year-") as temporary:
        folder = arguments.folder or Path(temporary)
        if not (folder / "live").exists():
            make(folder, arguments.hosts, 1000 * arguments.interval)
        with started(folder) as year:
            measure_all(year)
            browse(year.system, year.conditions)


def make(folder: Path, hosts: int, interval_ms: int) -> None:
    """Make the year, up to now."""
    now_ms = time.time_ns() // 1_000_000 // interval_ms * interval_ms
    before = time.process_time()
    make_year(folder, Size(hosts, interval_ms, now_ms))
    conditions = f"{hosts} hosts, {DAYS} days, a tick each {interval_ms // 1000} s; no peer; {machine()}"
    report("year.making.cpu", time.process_time() - before, "s", conditions=conditions)


if __name__ == "__main__":
    main()
