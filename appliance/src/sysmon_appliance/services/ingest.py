"""What happens when an agent says hello or pushes a batch.

All of it runs on the event loop and none of it waits, except for the barrier: a batch is judged against what was
accepted before it, handed to the barrier, and answered when it is committed. Nothing is acknowledged that is not.

Who speaks is what the certificate says. Which connection speaks for a host is decided by hello: the last one that
said it. A batch from another connection is told to say hello again, so two agents under one certificate take turns
at hello and are found out there (domain/clones.py).
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from sysmon_agent.errors import MalformedMessage, SysmonError
from sysmon_agent.wire.decode import check_against, decode_batch
from sysmon_agent.wire.messages import PROTOCOL_VERSION, Batch, Hello, Limits, Reply
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.domain.barrier import Barrier, GroupResult
from sysmon_appliance.domain.batches import CommitListener, StoredBatch, stored_batch
from sysmon_appliance.domain.changes import AppendBatch, Change, OpenStream, RaiseEpoch, SaveHost, SaveSchema
from sysmon_appliance.domain.clones import Incarnation, Incarnations
from sysmon_appliance.domain.durability import Watermark
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.streams import Stream, Verdict, admit
from sysmon_appliance.errors import (
    ClonedIdentityError,
    NeedHelloError,
    NeedSchemaError,
    NotLeaderError,
    RateLimitedError,
    UnexpectedTickError,
    UnsupportedProtocolError,
)
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.limits import AgentLimits
from sysmon_appliance.services.new_series import NewSeries
from sysmon_appliance.services.room import HeadRoom
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)

TOLERATED_OFFSET_MS = 2000
"""A host's clock may be this far from ours before the times of its ticks are corrected."""

MAX_WAITING_BYTES = 256 << 20
"""Bodies held in memory until they are committed."""

_LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: no calendar, and no browser, can show what is much later."""

_HIGHEST_EPOCH = 1 << 40  # no region has had more leaders; an agent that says so is wrong

Answer = Reply | SysmonError
Link = object
"""A connection; only its identity matters here."""


@dataclass(slots=True)
class _Presence:
    """Which connection speaks for a host."""

    link: Link | None = None
    stream: Stream | None = None  # None until hello has been answered
    heard_ms: int = 0
    incarnations: Incarnations = field(default_factory=Incarnations)


@dataclass(frozen=True, slots=True)
class Push:
    """A batch as it came over a connection."""

    peer: Peer
    link: Link
    body: bytes
    received_ms: int  # when its first byte came, so that a slow link does not look like a slow clock
    answer: Callable[[Answer], None]  # called once, on the event loop


class Ingest:
    """Takes what agents send, in the order in which it comes."""

    def __init__(
        self,
        state: State,
        catalog: Catalog,
        barrier: Barrier,
        *,
        limits: Limits,
        pace: AgentLimits,
        new_series: NewSeries,
        room: HeadRoom,
        watermark: Watermark,
    ) -> None:
        self.epoch = state.epoch
        self.limits = limits
        self.pace = pace
        self.refused: Counter[str] = Counter()  # batches since the start, by error code
        self._room = room
        self._new_series = new_series
        self._catalog = catalog
        self._barrier = barrier
        self._watermark = watermark
        self.on_higher_epoch: Callable[[int], None] | None = None  # None where the epoch is ours to raise
        self._next_batch = state.next_batch
        self._presences: dict[str, _Presence] = {}
        self._unsaved: set[bytes] = set()  # schemas that no committed group has held yet
        self._waiting_bytes = 0
        self._committed: list[StoredBatch] = []
        self._listeners: list[CommitListener] = []
        barrier.listen(self._publish)
        for stream in state.streams:
            watermark.note(stream)

    def listen(self, listener: CommitListener) -> None:
        """Call `listener` with what each group of commits has stored, from now on."""
        self._listeners.append(listener)

    async def hello(self, peer: Peer, hello: Hello, link: Link, *, received_ms: int) -> Reply:
        """Let a connection speak for a host, and say how far its stream is.

        Raises
        ------
        RefusedError
            The code says why.
        """
        presence = self._take_over(peer, hello, link, received_ms)
        offset_ms = _offset(received_ms - hello.sent.wall_ms)
        host = self._catalog.describe(peer.id, hello, now_ms=received_ms, clock_offset_ms=offset_ms)
        stream = self._catalog.stream(host.key, hello.stream_id)
        changes: list[Change] = [SaveHost(host)] if host != self._catalog.find(peer.id) else []
        # An agent that has seen a higher epoch saw it here: this database was restored, or begun anew.
        if self.epoch < hello.epoch < _HIGHEST_EPOCH:
            changes.append(self._raised(hello.epoch))
        if changes or not stream.settled:
            await commit(self._barrier, changes)
        for change in changes:
            self._note(change)
        if presence.link is link:
            presence.stream = stream
        return Reply(self.epoch, stream.last, stream.durable, stream.last_wall_ms)

    def _raised(self, seen: int) -> Change:
        """Return what lets our replies count for an agent that has seen a higher epoch than ours.

        Raises
        ------
        NotLeaderError
            Of several aggregators only a new lock brings a new epoch, and whoever holds one is to be asked.
        """
        if self.on_higher_epoch is None:
            return RaiseEpoch(seen + 1)
        self.on_higher_epoch(seen)
        raise NotLeaderError(
            f"The agent has seen epoch {seen}, and this is epoch {self.epoch}.", hint="sysmon ha status"
        )

    def submit(self, push: Push) -> None:
        """Take a batch; its `answer` is called now or after the commit, with a reply or the error."""
        try:
            self._take(push)
        except SysmonError as error:
            self._refuse(error, push)

    def leave(self, peer: Peer, link: Link) -> None:
        """Forget a connection that has ended."""
        presence = self._presences.get(peer.id)
        if presence is not None and presence.link is link:
            presence.link = presence.stream = None

    def _note(self, change: Change) -> None:
        """Show a change that hello has brought and that is durable now."""
        match change:
            case SaveHost():
                self._catalog.put(change.host)
            case RaiseEpoch():
                self.epoch = max(self.epoch, change.epoch)

    def _take_over(self, peer: Peer, hello: Hello, link: Link, now_ms: int) -> _Presence:
        self.pace.hello(peer.id, now_ms)
        if hello.protocol != PROTOCOL_VERSION:
            raise UnsupportedProtocolError(
                f"This aggregator speaks version {PROTOCOL_VERSION} of the protocol, not {hello.protocol}.",
                hint="python -m pip install --upgrade sysmon-agent",
            )
        presence = self._presences.setdefault(peer.id, _Presence())
        who = Incarnation(hello.boot_id, hello.stream_id)
        if not presence.incarnations.greet(who, now_ms=now_ms, active_ms=presence.heard_ms):
            _log.warning("Two agents use one identity.", extra={"host_id": peer.id})
            raise ClonedIdentityError(
                "Another agent uses this certificate; it was here first.",
                hint="sysmon enrolments list",
            )
        presence.link, presence.stream, presence.heard_ms = link, None, now_ms
        return presence

    def _take(self, push: Push) -> None:
        self.pace.push(push.peer.id, push.received_ms)
        batch = decode_batch(push.body, self.limits)
        stream = self._owned_stream(push, batch.stream_id)
        first = batch.skipped[0].first if batch.skipped else batch.first
        match admit(last=stream.tentative, first=first, to=batch.last):
            case Verdict.ACCEPT:
                self._accept(push, batch, stream)
            case Verdict.AGAIN if stream.settled:
                push.answer(self._reply(stream))
            case Verdict.AGAIN:  # accepted a moment ago, and not committed: this answer waits for the same group
                self._barrier.submit((), partial(self._settle_again, push, stream))
            case Verdict.CONFLICT:
                raise UnexpectedTickError(expected=stream.tentative + 1)

    def _owned_stream(self, push: Push, stream_id: bytes) -> Stream:
        presence = self._presences.get(push.peer.id)
        if presence is None or presence.link is not push.link or presence.stream is None:
            raise NeedHelloError("This connection does not speak for the host: it has to say hello.")
        if presence.stream.stream_id != stream_id:
            raise NeedHelloError("This connection said hello for another stream.")
        presence.heard_ms = push.received_ms
        return presence.stream

    def _accept(self, push: Push, batch: Batch, stream: Stream) -> None:
        if max(batch.wall_ms, default=0) > _LATEST_MS:
            raise MalformedMessage("A time is beyond the year 9999.")
        if self._waiting_bytes + len(push.body) > MAX_WAITING_BYTES:
            raise RateLimitedError("Too many batches wait to be written.", hint="vmstat 1 5")
        self._room.take(len(push.body))
        schema = self._schema(push, batch, stream.host) if batch.count else None
        append = self._append(push, batch, stream, schema)
        changes = (*self._before(stream, schema), append)
        self._barrier.submit(changes, partial(self._settle, push, stream, append))
        self._waiting_bytes += len(push.body)
        stream.tentative = batch.last

    def _schema(self, push: Push, batch: Batch, host: int) -> KnownSchema:
        schema = self._catalog.schema(batch.schema_hash)
        if schema is not None:
            check_against(batch, schema.schema)
            self._new_series.admit(host, schema, now_ms=push.received_ms)
            return schema
        if batch.schema is None:
            self._new_series.remind(host, batch.schema_hash, now_ms=push.received_ms)
            raise NeedSchemaError("The batch's schema is not known; it has to come with the batch.")
        check_against(batch, batch.schema)
        self.pace.schema(push.peer.id, push.received_ms)
        self._new_series.judge(host, batch.schema_hash, batch.schema, now_ms=push.received_ms)
        self._unsaved.add(batch.schema_hash)
        return self._catalog.learn(batch.schema_hash, batch.schema)

    def _append(self, push: Push, batch: Batch, stream: Stream, schema: KnownSchema | None) -> AppendBatch:
        if not stream.key:
            self._catalog.keep(stream)
        # No correction leads to before 1970: a host that knows no better date has its times counted from there.
        offset_ms = max(_offset(push.received_ms - batch.sent.wall_ms), -min(batch.wall_ms, default=0))
        self._next_batch += 1
        return AppendBatch(
            self._next_batch - 1,
            stream.host,
            stream.key,
            schema.key if schema else 0,
            batch,
            push.body,
            offset_ms,
            push.received_ms,
        )

    def _before(self, stream: Stream, schema: KnownSchema | None) -> Iterator[Change]:
        """Yield what has to be saved before a batch can refer to it: mostly nothing."""
        if not stream.last:
            yield OpenStream(stream.key, stream.host, stream.stream_id)
        if schema is not None and schema.hash in self._unsaved:
            yield SaveSchema(schema)

    def _settle(self, push: Push, stream: Stream, append: AppendBatch, error: SysmonError | None) -> None:
        self._waiting_bytes -= len(push.body)
        if error is not None:
            stream.roll_back()
            self._refuse(error, push)
            return
        batch = append.batch
        last_ms = batch.wall_ms[-1] if batch.wall_ms else 0
        stream.commit(last=batch.last, count=batch.count, skipped=batch.skipped, wall_ms=last_ms)
        self._watermark.note(stream)
        if batch.count:
            self._store(append)
        push.answer(self._reply(stream))

    def _settle_again(self, push: Push, stream: Stream, error: SysmonError | None) -> None:
        if error is None:
            push.answer(self._reply(stream))
        else:
            self._refuse(error, push)

    def _store(self, append: AppendBatch) -> None:
        schema = self._catalog.schema(append.batch.schema_hash)
        assert schema is not None  # noqa: S101 - it was there when the batch was accepted, and none ever goes
        self._unsaved.discard(schema.hash)
        stored = stored_batch(
            append.batch,
            host=append.host,
            schema=schema,
            offset_ms=append.offset_ms,
            received_ms=append.received_ms,
        )
        self._committed.append(stored)

    def _publish(self, _: GroupResult) -> None:
        """Tell listeners what the group that was just settled has stored."""
        committed, self._committed = self._committed, []
        if not committed:
            return
        for listener in self._listeners:
            try:
                listener(committed)
            except Exception:  # noqa: BLE001 - a page that fails must not stop ingest
                _log.exception("A listener of stored batches failed.")

    def _reply(self, stream: Stream) -> Reply:
        return Reply(self.epoch, stream.last, stream.durable)

    def _refuse(self, error: SysmonError, push: Push) -> None:
        self.refused[error.code] += 1
        push.answer(error)


def _offset(offset_ms: int) -> int:
    return offset_ms if abs(offset_ms) > TOLERATED_OFFSET_MS else 0
