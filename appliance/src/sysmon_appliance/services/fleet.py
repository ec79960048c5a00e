"""The fleet page's answer: all hosts with their values and sparklines, out of memory."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

import msgspec
import numpy as np

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.canonical import NAMES
from sysmon_appliance.domain.fleet import SPARK_SECONDS, SPARKS, FleetMatrix
from sysmon_appliance.domain.hosts import Host, HostDirectory, Status, status
from sysmon_appliance.domain.ledger import LedgerReader
from sysmon_appliance.domain.meter import Meter
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.services.ledger import LedgerSum, total

_SPARK_UNITS = {name: 1.0 if name.startswith("net_") else 0.001 for name in SPARKS}
"""Sparklines are whole multiples of these: more than they can show, and a seventh of what fractions cost to write."""

_DIVISORS = np.array(list(_SPARK_UNITS.values()))[:, np.newaxis]
_MISSING = -1

_TOGETHER = 64
"""Hosts whose sparklines are encoded without letting others run; that takes a millisecond or two."""

_NOTHING = [float("nan")] * len(NAMES)


_SPARK_SCHEMA = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
}


class Summary(msgspec.Struct, frozen=True):
    up: int
    late: int
    down: int
    samples_per_second: float


class FleetHost(msgspec.Struct, frozen=True):
    """A row of the fleet page; values are in the order of `metrics`, null where the host has none.

    A sparkline is sixty whole numbers, the newest last; times its `spark_units` they are what was measured.
    """

    id: str
    name: str
    status: Status
    last_seen: int
    interval_ms: int
    labels: dict[str, str]
    tags: tuple[str, ...]
    simulated: bool
    values: Sequence[float | None]
    spark: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_SPARK_SCHEMA)]


class FleetPage(msgspec.Struct, frozen=True):
    now: int
    epoch: int
    metrics: tuple[str, ...]
    hosts: list[FleetHost]
    spark_seconds: int
    spark_units: dict[str, float]
    ledger: LedgerSum
    summary: Summary
    next: str | None


class Fleet:
    """Reads the fleet matrix as people see it. Lives on the event loop."""

    def __init__(
        self,
        directory: HostDirectory,
        matrix: FleetMatrix,
        ledger: LedgerReader,
        clock: Clock,
        *,
        meter: Meter,
        epoch: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._matrix = matrix
        self._ledger = ledger
        self._clock = clock
        self._epoch = epoch
        self._meter = meter
        self._sparks: dict[int, tuple[tuple[int, int], msgspec.Raw]] = {}

    async def prepare(self, hosts: Sequence[Host]) -> None:
        """Encode the sparklines of a page, a few hosts at a time, so that ingest goes on in between.

        `page` is right without this too, but for a thousand hosts it would hold up the event loop.
        """
        for begin in range(0, len(hosts), _TOGETHER):
            self._encoded_sparks(hosts[begin : begin + _TOGETHER], self._clock.wall_ms())
            await asyncio.sleep(0)

    def page(self, hosts: Sequence[Host], *, following: str | None = None) -> FleetPage:
        """Describe the given hosts; summary and ledger are of the whole fleet."""
        now_ms = self._clock.wall_ms()
        values = self._matrix.values.tolist()
        sparks = self._encoded_sparks(hosts, now_ms)
        rows = [self._host(host, now_ms, values, spark) for host, spark in zip(hosts, sparks, strict=True)]
        return FleetPage(
            now=now_ms,
            epoch=self._epoch(),
            metrics=NAMES,
            hosts=rows,
            spark_seconds=SPARK_SECONDS,
            spark_units=_SPARK_UNITS,
            ledger=self.ledger(),
            summary=self.summary(),
            next=following,
        )

    def ledger(self) -> LedgerSum:
        return total(self._ledger.entries())

    def summary(self) -> Summary:
        now_ms = self._clock.wall_ms()
        counts = Counter(self._status(host, now_ms) for host in self._directory.all())
        rate = round(self._meter.samples_per_second(), 1)
        return Summary(counts[Status.UP], counts[Status.LATE], counts[Status.DOWN], rate)

    def last_seen_ms(self, host: Host) -> int:
        """Return when a host's newest batch arrived; of a host that only said hello so far, when it first did."""
        received_ms = self._matrix.received_ms(host.key)
        return host.first_seen_ms if received_ms is None else received_ms

    def status(self, host: Host) -> Status:
        return self._status(host, self._clock.wall_ms())

    def values(self, host: Host) -> list[float]:
        """Return a host's canonical values, NaN where it has none."""
        row = self._matrix.row(host.key)
        return _NOTHING if row is None else self._matrix.values[row].tolist()

    def _status(self, host: Host, now_ms: int) -> Status:
        return status(now_ms=now_ms, last_received_ms=self.last_seen_ms(host), interval_ms=host.interval_ms)

    def _host(self, host: Host, now_ms: int, values: list[list[float]], spark: msgspec.Raw) -> FleetHost:
        row = self._matrix.row(host.key)
        return FleetHost(
            id=host.host_id,
            name=host.name,
            status=self._status(host, now_ms),
            last_seen=self.last_seen_ms(host),
            interval_ms=host.interval_ms,
            labels=dict(host.labels),
            tags=host.tags,
            simulated=host.simulated,
            values=_NOTHING if row is None else values[row],
            spark=spark,
        )

    def _encoded_sparks(self, hosts: Sequence[Host], now_ms: int) -> list[msgspec.Raw]:
        """Encode sparklines; those that cannot have changed since they were last asked for are kept encoded."""
        wanted = {host.key: (now_ms // (SPARK_SECONDS * 1000), self._newest_ms(host)) for host in hosts}
        stale = [host for host in hosts if self._sparks.get(host.key, (None,))[0] != wanted[host.key]]
        for host, encoded in zip(stale, self._encode(stale, now_ms), strict=True):
            self._sparks[host.key] = wanted[host.key], encoded
        return [self._sparks[host.key][1] for host in hosts]

    def _newest_ms(self, host: Host) -> int:
        latest = self._matrix.latest(host.key)
        return latest.tick.wall_ms if latest else 0

    def _encode(self, hosts: Sequence[Host], now_ms: int) -> Iterable[msgspec.Raw]:
        rows = [self._matrix.row(host.key) for host in hosts]
        known = [(host, row) for host, row in zip(hosts, rows, strict=True) if row is not None]
        lines = self._matrix.sparks(
            np.array([row for _, row in known], np.intp),
            now_ms=now_ms,
            intervals_ms=np.array([host.interval_ms for host, _ in known], np.int64),
        )
        encoded = iter(_spark_texts(lines))
        return [_EMPTY_SPARK if row is None else next(encoded) for row in rows]


def _spark_texts(lines: Floats) -> list[msgspec.Raw]:
    """Encode sparklines [hosts, sparks, slots] as one object per host."""
    multiples = np.maximum(np.rint(lines / _DIVISORS), 0)
    whole = np.where(np.isfinite(lines), multiples, _MISSING).astype(np.int64).tolist()
    encode = msgspec.json.Encoder().encode
    # Nothing else is negative; None among the integers would cost more than all the rest.
    texts = (encode(dict(zip(SPARKS, host, strict=True))).replace(b"-1", b"null") for host in whole)
    return [msgspec.Raw(text) for text in texts]


_EMPTY_SPARK = msgspec.Raw(msgspec.json.encode({name: [] for name in SPARKS}))
