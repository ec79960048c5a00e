"""Tells watching browsers what changed, as it changes.

The hub is told of every committed group. Once a second it publishes one `fleet` event with the hosts that changed; a
host's own watchers get its new points at once. Events are encoded once, whoever watches. A watcher that does not read
is dropped: it reconnects and starts afresh.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
import numpy as np

from sysmon_agent.clock import Clock
from sysmon_appliance.domain import charts
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.fleet import FleetMatrix
from sysmon_appliance.domain.hosts import Host, HostDirectory, Status
from sysmon_appliance.domain.line_reader import LineReader
from sysmon_appliance.domain.meter import Meter
from sysmon_appliance.errors import TooManyWatchersError
from sysmon_appliance.services.documents import charts_document
from sysmon_appliance.services.fleet import Fleet, Summary
from sysmon_appliance.services.ledger import LedgerSum

MAX_WATCHERS = 200
PUBLISH_SECONDS = 1.0

_KEPT_EVENTS = 60
"""A browser that was away for a minute is told what it missed; after that it is told everything."""

_UNREAD_EVENTS = 120
"""How far a watcher may fall behind before it is dropped."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """What a watcher is told; `id` is empty where resuming is of no use, `data` is JSON."""

    name: str
    data: bytes
    id: str = ""


class ChangedHost(msgspec.Struct, frozen=True):
    id: str
    status: Status
    last_seen: int
    values: Sequence[float | None]


class FleetChange(msgspec.Struct, frozen=True):
    """Hosts that changed; all of them when `full`."""

    now: int
    full: bool
    hosts: list[ChangedHost]
    summary: Summary
    ledger: LedgerSum


@dataclass(eq=False, slots=True)
class Watcher:
    """One open stream of events. Iterating ends when the hub closes it."""

    queue: asyncio.Queue[Event | None]

    async def next(self) -> Event | None:
        """Wait for the next event; None is the end."""
        return await self.queue.get()

    def tell(self, event: Event) -> bool:
        """Queue an event; False when the watcher has fallen too far behind and is ended."""
        if self.queue.full():
            self.end()
            return False
        self.queue.put_nowait(event)
        return True

    def end(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


@dataclass(slots=True)
class _Tail:
    """A host that is watched: its ticks become points as they arrive."""

    reader: LineReader[charts.Label]
    watchers: set[Watcher] = field(default_factory=set)


class LiveHub:
    """Owns the watchers. Lives on the event loop; `run` must be a task of whoever owns the hub."""

    def __init__(
        self, directory: HostDirectory, matrix: FleetMatrix, fleet: Fleet, meter: Meter, *, clock: Clock
    ) -> None:
        self._directory = directory
        self._matrix = matrix
        self._fleet = fleet
        self._meter = meter
        self._clock = clock
        # Numbers of another life of the aggregator must not be taken for ours.
        self._life = clock.wall_ms()
        self._number = 0
        self._recent: deque[tuple[int, Event]] = deque(maxlen=_KEPT_EVENTS)
        self._watchers: set[Watcher] = set()
        self._tails: dict[int, _Tail] = {}
        self._changed: set[int] = set()
        self._statuses: dict[int, Status] = {}
        self._closed = False

    @property
    def watchers(self) -> int:
        return len(self._watchers)

    def update(self, batches: Sequence[StoredBatch]) -> None:
        """Take in committed batches; a CommitListener. What goes wrong here must never stop storing."""
        try:
            self._matrix.update(batches)
            self._meter.update(batches)
            self._changed.update(batch.host for batch in batches)
            if self._tails:
                self._follow(batches)
        except Exception:
            log.exception("Committed batches could not be shown.")

    async def run(self) -> None:
        """Publish once a second until cancelled; then every stream ends."""
        try:
            while True:
                await asyncio.sleep(PUBLISH_SECONDS)
                self.publish()
        finally:
            self.close()

    def publish(self) -> None:
        """Tell every watcher which hosts changed since the last time; nothing when none did."""
        if not self._watchers:
            self._recent.clear()
            self._changed.clear()
            return
        hosts = [host for host in self._directory.all() if self._has_changed(host)]
        self._changed.clear()
        if not hosts:
            return
        self._number += 1
        event = Event("fleet", self._encoded(hosts, full=False), self._id())
        self._recent.append((self._number, event))
        self._tell(self._watchers, event)

    def announce_past(self) -> None:
        """Tell every watcher that the fleet's past has been read in after a start, and is worth loading again.

        It cannot be resumed, for whoever comes later finds the past in place.
        """
        self._tell(self._watchers, Event("past", b"{}"))

    def close(self) -> None:
        """End every stream, and refuse new ones."""
        self._closed = True
        for watcher in self._watchers:
            watcher.end()
        self._watchers.clear()
        self._tails.clear()

    @contextmanager
    def watch(self, host: Host | None = None, *, last_id: str = "") -> Iterator[Watcher]:
        """Open a stream: first what was missed since `last_id`, or else a full event; then what happens.

        Points of a host can't be resumed, so a stream with a host always begins with a full event.

        Raises
        ------
        TooManyWatchersError
            There are as many streams as there may be.
        """
        if self._closed or len(self._watchers) >= MAX_WATCHERS:
            raise TooManyWatchersError("Too many pages are watching; close one, or try again soon.")
        watcher = Watcher(asyncio.Queue(_UNREAD_EVENTS))
        missed = None if host else self._missed(last_id)
        for event in [self._everything()] if missed is None else missed:
            watcher.tell(event)
        self._watchers.add(watcher)
        if host:
            self._tail(host).watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._forget(watcher)

    def _has_changed(self, host: Host) -> bool:
        status = self._fleet.status(host)
        before = self._statuses.get(host.key)
        self._statuses[host.key] = status
        return host.key in self._changed or status is not before

    def _id(self) -> str:
        return f"{self._life}-{self._number}"

    def _everything(self) -> Event:
        if not self._recent:
            # The first watcher: from here on changes are kept, and what it is told now need not be told again.
            self._recent.append((self._number, Event("fleet", b"", self._id())))
            self._statuses = {host.key: self._fleet.status(host) for host in self._directory.all()}
            self._changed.clear()
        return Event("fleet", self._encoded(self._directory.all(), full=True), self._id())

    def _missed(self, last_id: str) -> list[Event] | None:
        """Return the events after one; None when they are no longer known."""
        life, _, number = last_id.partition("-")
        if life != str(self._life) or not number.isdecimal():
            return None
        known = [kept for kept, _ in self._recent]
        if int(number) not in known:
            return None
        return [event for kept, event in self._recent if kept > int(number)]

    def _encoded(self, hosts: Iterable[Host], *, full: bool) -> bytes:
        changed = [
            ChangedHost(
                host.host_id, self._fleet.status(host), self._fleet.last_seen_ms(host), self._fleet.values(host)
            )
            for host in hosts
        ]
        change = FleetChange(self._clock.wall_ms(), full, changed, self._fleet.summary(), self._fleet.ledger())
        return msgspec.json.encode(change)

    def _tail(self, host: Host) -> _Tail:
        tail = self._tails.get(host.key)
        if tail is None:
            latest = self._matrix.latest(host.key)
            reader = LineReader(charts.plan, host.interval_ms)
            if latest:
                reader.begin(latest.tick)
            tail = self._tails[host.key] = _Tail(reader)
        return tail

    def _follow(self, batches: Sequence[StoredBatch]) -> None:
        for batch in batches:
            tail = self._tails.get(batch.host)
            if tail is not None and len(batch.wall_ms):
                self._tell_points(tail, batch)

    def _tell_points(self, tail: _Tail, batch: StoredBatch) -> None:
        """Send a batch's points to the host's watchers; late ticks are for the next time the charts are read."""
        before_ms = tail.reader.before_ms
        t, order = np.unique(batch.wall_ms, return_index=True)
        newer = np.ones(len(t), np.bool_) if before_ms is None else t > before_ms
        if not newer.any():
            return
        columns = tail.reader.needed(batch.schema)
        lines = tail.reader.read(batch.schema, t[newer], batch.values[columns][:, order[newer]])
        self._tell(tail.watchers, Event("ticks", msgspec.json.encode(charts_document(lines))))

    def _tell(self, watchers: set[Watcher], event: Event) -> None:
        for watcher in [watcher for watcher in watchers if not watcher.tell(event)]:
            self._forget(watcher)

    def _forget(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        for key, tail in list(self._tails.items()):
            tail.watchers.discard(watcher)
            if not tail.watchers:
                del self._tails[key]
