"""What history costs on disk, to make and to read: `make bench-store`.

A real aggregator on loopback is given the past of a made fleet over mutual TLS, seals and merges it, and answers
questions about it. VictoriaMetrics, where it is installed, is given the same samples and asked the same questions in
the same run. What is stored is counted and compared with what was sent: a run that differs is void.
"""

import argparse
import http.client
import json
import resource
import statistics
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sysmon_agent.wire.encode import encode_batch, encode_hello, schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair, Hello, Schema
from sysmon_agent.wire.routes import BATCHES_PATH, HELLO_PATH
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.segments import DAY_MS
from sysmon_appliance.domain.terms import Floats
from tests.bench import made_fleet
from tests.bench.measure import Peer, cpu_seconds, machine, report, settle
from tests.bench.store_latency import measure_latency
from tests.bench.store_memory import measure_memory
from tests.bench.store_sealing import measure_sealing
from tests.bench.victoria_metrics import VictoriaMetrics, name_of, victoria_metrics
from tests.support.raw_agent import RawAgent, tls_context
from tests.support.system import System, UnixConnection, eventually, system_in

TICKS_A_DAY = DAY_MS // made_fleet.STEP_MS
LONG_HOST = 1000
GAUGE = "system.memory.usage"
POINTS = 1000
_NO_BATCHES = 1 << 20
ROUNDS = 60


class Void(Exception):  # noqa: N818 - what becomes of the run
    """What is stored is not what was sent."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Our aggregator, and a peer where one is installed."""

    system: System
    pid: int
    peer: VictoriaMetrics | None

    def rival(self, value: float | None) -> Peer | None:
        return Peer(self.peer.name, value) if self.peer and value else None


@dataclass(frozen=True, slots=True)
class Past:
    """The ticks of one host; `t` is int64 [ticks], `values` float64 [series, ticks]."""

    host: int
    schema: Schema
    t: Times
    values: Floats

    @property
    def samples(self) -> int:
        return self.values.size


def past(host: int, series: int, days: int, end_ms: int) -> Past:
    """Make the last days of a host."""
    ticks = days * TICKS_A_DAY
    t = end_ms - made_fleet.STEP_MS * np.arange(ticks, 0, -1, dtype=np.int64)
    return Past(host, made_fleet.schema(series), t, made_fleet.values(host, series, ticks))


class Sender:
    """Sends the past of one host as its agent would, after a long outage."""

    def __init__(self, system: System, made: Past) -> None:
        self._made = made
        issued = system.authority.agent(f"{made.host:032x}")
        self._link = RawAgent(system.ingest_port, tls_context(issued.settings()["authority"], issued))
        self._stream = made.host.to_bytes(16, "big")
        self._name = schema_hash(made.schema)

    def send(self, ticks_at_once: int) -> None:
        hello = Hello(self._stream, 0, bytes(16), made_fleet.STEP_MS, _now(), facts=(("host.name", self._host_name),))
        self._link.post(HELLO_PATH, encode_hello(hello))
        for start in range(0, len(self._made.t), ticks_at_once):
            self._post(slice(start, start + ticks_at_once), self._made.schema if not start else None)

    @property
    def _host_name(self) -> str:
        return f"host-{self._made.host}"

    def _post(self, part: slice, schema: Schema | None) -> None:
        t = tuple(self._made.t[part].tolist())
        columns = np.ascontiguousarray(self._made.values[:, part], "<f8").tobytes()
        batch = Batch(self._stream, part.start + 1, t, t, columns, self._name, _now(), schema=schema)
        while (answer := self._link.post(BATCHES_PATH, encode_batch(batch))).status != http.client.OK:
            if answer.status not in {http.client.TOO_MANY_REQUESTS, http.client.SERVICE_UNAVAILABLE}:
                raise Void(f"the aggregator answered {answer.status}: {answer.problem}")
            time.sleep(1)


def _now() -> ClockPair:
    now = time.time_ns() // 1_000_000
    return ClockPair(now, now)


def segments_of(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = system.get(f"/api/v1/storage/segments?limit=1000{cursor}")
        found += page["segments"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={urllib.parse.quote(str(page['next']))}"


def post(system: System, path: str) -> None:
    connection = UnixConnection(system.socket)
    connection.request("POST", path, headers={"x-sysmon": "1"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status >= http.client.BAD_REQUEST:
        raise Void(f"{path} was answered {answer.status}")


def merge_all(system: System) -> list[dict[str, Any]]:
    """Have everything sealed and merged; return the segments that are in force."""

    def merged() -> list[dict[str, Any]] | None:
        if system.get("/api/v1/storage")["working"]:
            return None
        if system.get("/api/v1/storage")["head"]["batches"]:
            post(system, "/api/v1/storage/seal")
            return None
        found = segments_of(system)
        return found if found and all(one["level"] != "sealed" for one in found) else None

    return eventually(merged, "everything is sealed and merged", patience=1800)


def measure_disk(contest: Contest, pasts: list[Past]) -> None:
    """Store a day of a small fleet in both, and weigh what is left."""
    system, pid = contest.system, contest.pid
    samples = sum(made.samples for made in pasts)
    before = cpu_seconds(pid)
    for made in pasts:
        Sender(system, made).send(ticks_at_once=100)
    settle(pid)
    ingested = cpu_seconds(pid)
    segments = merge_all(system)
    settle(pid)
    merged = cpu_seconds(pid)
    stored = sum(one["samples"] for one in segments if one["kind"] == "raw")
    if stored != samples:
        raise Void(f"{samples} samples were sent, {stored} are stored")
    theirs = weigh_peer(contest.peer, pasts) / samples if contest.peer else None
    conditions = (
        f"{len(pasts)} hosts of {len(pasts[0].schema.series)} series, a day at 10 s, {samples} samples; {machine()}"
        f"; ingest took {(ingested - before) / samples * 1e6:.2f} CPU-s per million in batches of 100 ticks"
    )
    for name, kinds in (
        ("ticks", {"raw"}),
        ("ticks_and_minutes", {"raw", "minute"}),
        ("everything", {"raw", "minute", "hour", "tables"}),
    ):
        weight = sum(one["bytes"] for one in segments if one["kind"] in kinds)
        if name == "everything":
            weight += used_bytes(system)
        report(
            f"store.bytes_per_sample.{name}",
            weight / samples,
            "By",
            peer=contest.rival(theirs),
            conditions=conditions + ("; with the live database" if name == "everything" else ""),
        )
    cost = (merged - ingested) / samples * 1e6
    report("store.merging.cpu_seconds_per_million_samples", cost, "s", conditions=f"seal and day merge; {conditions}")


def used_bytes(system: System) -> int:
    """Return what the live database holds once what is sealed has left it: hosts, series, the manifest."""
    head = eventually(
        lambda: None if (found := system.get("/api/v1/storage")["head"])["bytes"] > _NO_BATCHES else found,
        "what is sealed has left the live database",
        patience=300,
    )
    return int(head["bytes"])


def weigh_peer(peer: VictoriaMetrics, pasts: list[Past]) -> int:
    """Store the same samples in the peer; return the bytes that its folder takes."""
    for made in pasts:
        peer.store(made.host, made.schema, made.t, made.values)
    peer.compact()
    start_ms, end_ms = int(pasts[0].t[0]), int(pasts[0].t[-1])
    counted = peer.count(start_ms - made_fleet.STEP_MS, end_ms)
    if counted != sum(made.samples for made in pasts):
        raise Void(f"{peer.name} has {counted} samples")
    blocks = (path.lstat().st_blocks for path in peer.folder.rglob("*") if path.is_file())
    return sum(blocks) * 512


@dataclass(frozen=True, slots=True)
class Cost:
    """What one question took: wall time of the slowest twentieth, and CPU of the server."""

    p95_ms: float
    cpu_ms: float


def ask_repeatedly(pid: int, ask: Callable[[], bytes], rounds: int) -> Cost:
    ask()
    settle(pid)
    taken = []
    before = cpu_seconds(pid)
    for _ in range(rounds):
        begun = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - begun))
    used = cpu_seconds(pid) - before
    return Cost(statistics.quantiles(taken, n=20)[-1], 1000 * used / rounds)


@contextmanager
def asking(connection: http.client.HTTPConnection, path: str, **parameters: str) -> Iterator[Callable[[], bytes]]:
    """Ask one question again and again on one connection."""
    target = f"{path}?{urllib.parse.urlencode(parameters)}"

    def ask() -> bytes:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise Void(f"{target} was answered {answer.status}: {body[:200]!r}")
        return body

    try:
        yield ask
    finally:
        connection.close()


def measure_question(contest: Contest, name: str, made: Past) -> None:
    """Ask for the gauges of one host over all that it has."""
    start_ms, end_ms = int(made.t[0]), int(made.t[-1])
    span = {"from": str(start_ms), "to": str(end_ms), "points": str(POINTS), "metric": GAUGE}
    with asking(UnixConnection(contest.system.socket), f"/api/v1/hosts/{made.host:032x}/range", **span) as ask:
        found = json.loads(ask())
        ours = ask_repeatedly(contest.pid, ask, ROUNDS)
    theirs = ask_peer(contest.peer, made.host, start_ms, end_ms) if contest.peer else None
    conditions = (
        f"{len(found['series'])} series, {len(found['t'])} points, read from {found['level']};"
        f" {ROUNDS} questions on one connection; {machine()}"
    )
    for unit, value, other in (
        ("p95", ours.p95_ms, theirs.p95_ms if theirs else None),
        ("cpu", ours.cpu_ms, theirs.cpu_ms if theirs else None),
    ):
        report(f"store.{name}.{unit}", value, "ms", peer=contest.rival(other), conditions=conditions)


def ask_peer(peer: VictoriaMetrics, host: int, start_ms: int, end_ms: int) -> Cost:
    parameters = {
        "query": f'{name_of(GAUGE)}{{host="host-{host}"}}',
        "start": str(start_ms / 1000),
        "end": str(end_ms / 1000),
        "step": str((end_ms - start_ms) / 1000 / POINTS),
    }
    with asking(peer.connect(), "/api/v1/query_range", **parameters) as ask:
        return ask_repeatedly(peer.pid, ask, ROUNDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=10, help="hosts whose day is weighed")
    parser.add_argument("--series", type=int, default=100, help="series of each")
    parser.add_argument("--agents", type=int, default=1000, help="hosts of the fleet that pushes")
    parser.add_argument("--days", type=int, default=90, help="days of the host with a long past")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    today_ms = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS
    end_ms = today_ms - DAY_MS
    day = [past(host, arguments.series, 1, end_ms) for host in range(1, arguments.hosts + 1)]
    with tempfile.TemporaryDirectory(prefix="bench-store-") as folder, system_in(Path(folder)) as system:
        pid = system.start_aggregator().pid
        system.ready()
        with victoria_metrics(Path(folder) / "peer") as peer:
            contest = Contest(system, pid, peer)
            measure_disk(contest, day)
            measure_question(contest, "host_day", day[0])
            measure_question(contest, "host_long", store_long(contest, arguments.days, end_ms))
    measure_memory(arguments.agents)
    measure_sealing(arguments.agents)
    measure_latency(arguments.agents)


def store_long(contest: Contest, days: int, end_ms: int) -> Past:
    """Store one host's long past in both; five of its series are gauges."""
    made = past(LONG_HOST, 25, days, end_ms)
    Sender(contest.system, made).send(ticks_at_once=400)
    merge_all(contest.system)
    if contest.peer:
        contest.peer.store(made.host, made.schema, made.t, made.values)
        contest.peer.compact()
    return made


if __name__ == "__main__":
    main()
