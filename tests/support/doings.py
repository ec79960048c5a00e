"""A leader's database to which all kinds of things happen, as numbers tell, and copies of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import apsw

from sysmon_agent.wire.encode import encode_batch, schema_hash
from sysmon_agent.wire.messages import Batch, Gap, GapReason, Schema, Series
from sysmon_appliance.domain.access import (
    ApiToken,
    DropApiTokens,
    DropLinks,
    EndSessions,
    Link,
    SaveApiToken,
    SaveLink,
    SaveSession,
    Session,
    TouchSession,
    Visitor,
    hash_secret,
)
from sysmon_appliance.domain.audit import AppendAudit
from sysmon_appliance.domain.batches import StoredBatch, stored_batch
from sysmon_appliance.domain.changes import (
    AppendBatch,
    Change,
    DropOldest,
    OpenStream,
    RaiseEpoch,
    SaveHost,
    SaveSchema,
)
from sysmon_appliance.domain.durability import Mark
from sysmon_appliance.domain.enrolment import JoinRequest, KnownToken, Reason, RequestState, SaveRequest, SaveToken
from sysmon_appliance.domain.identities import (
    AskForRenewal,
    Certificate,
    Identity,
    RevokeCertificates,
    RevokeIssuer,
    SaveCertificate,
    SaveIdentity,
)
from sysmon_appliance.domain.integrity import Check, NoteCheck
from sysmon_appliance.domain.principals import Kind, Role
from sysmon_appliance.domain.retention import NoteRetention
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import ForgetSegments, SetAside, SwapSegments
from sysmon_appliance.domain.series import KeepUse
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.domain.users import RemoveUser, SaveUser, User
from sysmon_appliance.sqlite import LiveDatabase
from tests.support.head import host
from tests.support.live import commit
from tests.support.pushes import NOW_MS, a_batch
from tests.support.storage import segment

Doing = tuple[str, int, int]
"""What happens, and two numbers that say to whom and how."""

_METRICS = ("system.uptime", "system.cpu.load_average.1m", "system.process.count")


def brought_up_to_date(database: LiveDatabase, target: Path) -> Path:
    """Put all that is committed into the place of a copy, as following does."""
    connection = apsw.Connection(str(database.path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        content = bytearray(connection.serialize("main"))
    finally:
        connection.close()
    content[18:20] = b"\x01\x01"  # the copy has no WAL
    draft = target.with_name("draft")
    draft.write_bytes(content)
    draft.replace(target)
    return target


@dataclass
class Doings:
    """Makes valid changes of a database. `stored` has every batch, in order; `mark` is the newest."""

    database: LiveDatabase
    stored: list[StoredBatch] = field(default_factory=list)
    mark: int = 0
    _hosts: int = 0
    _schemas: dict[int, KnownSchema] = field(default_factory=dict)
    _streams: dict[int, Stream] = field(default_factory=dict)
    _row: int = 1
    _sealed: int = 0
    _segments: int = 0
    _certificates: int = 0

    def do(self, doings: Sequence[Doing]) -> None:
        """Commit what happens as one group, and a mark behind it."""
        changes = [change for name, one, other in doings for change in _KINDS[name](self, one, other)]
        self.mark += 1
        assert commit(self.database, *changes, Mark(self.mark)) is None

    def host(self, one: int, other: int) -> Sequence[Change]:
        """A host is new, or says something else of itself."""
        key = 1 + one % 4
        fresh = [OpenStream(key, key, key.to_bytes(16, "big"))] if key not in self._streams else []
        if fresh:
            self._streams[key] = Stream(key, key, key.to_bytes(16, "big"))
        return [SaveHost(host(key, f"name-{other}", labels=(("role", str(other)),))), *fresh]

    def push(self, one: int, other: int) -> Sequence[Change]:
        """Ticks come of a host, perhaps after a gap."""
        if not self._streams:
            return ()
        stream = self._streams[sorted(self._streams)[one % len(self._streams)]]
        skipped = self._skip(stream, other % 3) if other % 4 == 0 else ()
        known, changes = self._schema(1 + other % len(_METRICS))
        batch = a_batch(
            stream.last + 1,
            1 + other % 2,
            stream=stream.stream_id,
            skipped=skipped,
            schema=known.schema,
            start_ms=NOW_MS,
            with_schema=bool(changes),
        )
        stream.last = batch.last
        append = self._append(stream, known.key, batch, offset_ms=1000 * (other % 2))
        self.stored.append(
            stored_batch(batch, host=stream.host, schema=known, offset_ms=append.offset_ms, received_ms=NOW_MS)
        )
        return [*changes, append]

    def gap(self, one: int, other: int) -> Sequence[Change]:
        """A host declares ticks missing, and sends none."""
        if not self._streams:
            return ()
        stream = self._streams[sorted(self._streams)[one % len(self._streams)]]
        skipped = self._skip(stream, other)
        batch = replace(a_batch(stream.last + 1, 0, stream=stream.stream_id, skipped=skipped), schema_hash=bytes(16))
        return [self._append(stream, 0, batch)]

    def seal(self, one: int, other: int) -> Sequence[Change]:
        """What is in the head becomes a segment; or one segment takes the place of the others."""
        self._segments += 1
        made = segment(number=self._segments, name=f"raw-{self._segments}")
        if other % 3:
            self._sealed = max(self._sealed, self._row - 1 - one % 3)
            return [SwapSegments((made,), (), self._sealed, NOW_MS)]
        return [SwapSegments((made,), tuple(f"raw-{n}" for n in range(1, self._segments)), 0, NOW_MS)]

    def drop(self, one: int, other: int) -> Sequence[Change]:  # noqa: ARG002 - as they all have it
        """Some batches that were sealed leave the head."""
        return [DropOldest(max(self._sealed - one % 2, 0))]

    def segments(self, one: int, other: int) -> Sequence[Change]:
        """A segment is damaged, or forgotten after it was dropped."""
        name = f"raw-{1 + one % 4}"
        return [SetAside(name, other), ForgetSegments((name,))]

    def identity(self, one: int, other: int) -> Sequence[Change]:
        """A host is let in with a certificate, or is shut out."""
        host_id, self._certificates = f"{1 + one % 4:032x}", self._certificates + 1
        if other % 3 == 0:
            return [RevokeCertificates(host_id, NOW_MS + other, "gone"), RevokeIssuer(f"issuer-{one}", 1, "")]
        identity = Identity(host_id, "web", f"key-{other}", (("role", str(other)),), NOW_MS)
        serial = f"{self._certificates:x}"
        ends = (NOW_MS + self._certificates, NOW_MS + 10_000_000)
        issued = Certificate(serial, "agent", host_id, "web", f"issuer-{one % 2}", identity.public_key, "root", *ends)
        return [SaveIdentity(identity), SaveCertificate(issued), AskForRenewal(NOW_MS + other)]

    def joining(self, one: int, other: int) -> Sequence[Change]:
        """A join token is made or used, and somebody asks to join."""
        token = KnownToken(f"t{one % 3}", hash_secret("t"), NOW_MS, "alice", NOW_MS + 1000, uses=20, used=other)
        state = (RequestState.WAITING, RequestState.REJECTED)[other % 2]
        request = JoinRequest(f"r{one}", token.id, "key", "web", "", Reason.APPROVAL, "", (), state, NOW_MS)
        return [SaveToken(token), SaveRequest(request)]

    def user(self, one: int, other: int) -> Sequence[Change]:
        """A user is made, changed or removed, and so are sessions, links and API tokens."""
        name, secret = f"user-{one % 3}", hash_secret(f"{one} {other}")
        ends = [RemoveUser(name), DropLinks([secret]), EndSessions([secret[:16]]), DropApiTokens([f"a{one}-{other}"])]
        if other % 3 == 0:
            return ends
        session = Session(secret, Kind.USER, name, Visitor("::1"), NOW_MS + one, NOW_MS, NOW_MS + 1)
        token = ApiToken(f"a{one}-{other}", secret, "robot", Role.VIEWER, name, NOW_MS, NOW_MS + 1)
        return [
            *ends,
            SaveUser(User(name, Role.ADMIN, NOW_MS, disabled=bool(other % 2))),
            SaveLink(Link(secret, name, NOW_MS)),
            SaveSession(session),
            TouchSession(session.id, NOW_MS + other),
            SaveApiToken(token),
        ]

    def notes(self, one: int, other: int) -> Sequence[Change]:
        """The leader notes this and that."""
        uses = [KeepUse(1, 1, NOW_MS - one, NOW_MS)] if 1 in self._schemas and 1 in self._streams else []
        return [
            NoteRetention(f"rules {one}"),
            NoteCheck(Check(NOW_MS, one, checked=other)),
            AppendAudit(NOW_MS, "alice", "", "note.take", str(one)),
            RaiseEpoch(one),
            *uses,
        ]

    def _schema(self, key: int) -> tuple[KnownSchema, Sequence[Change]]:
        if key in self._schemas:
            return self._schemas[key], ()
        schema = Schema(tuple(Series(name) for name in _METRICS[:key]))
        known = self._schemas[key] = KnownSchema(key, schema_hash(schema), schema)
        return known, [SaveSchema(known)]

    def _skip(self, stream: Stream, other: int) -> tuple[Gap, ...]:
        first = stream.last + 1
        gaps = [
            Gap(first, first + other, GapReason.SPOOL_FULL),
            Gap(first + other + 1, first + other + 1, GapReason(1)),
        ]
        stream.last = gaps[-1].last
        return tuple(gaps)

    def _append(self, stream: Stream, schema: int, batch: Batch, *, offset_ms: int = 0) -> AppendBatch:
        self._row += 1
        return AppendBatch(
            self._row - 1, stream.host, stream.key, schema, batch, encode_batch(batch), offset_ms, NOW_MS
        )


_KINDS: dict[str, Callable[[Doings, int, int], Sequence[Change]]] = {
    "host": Doings.host,
    "push": Doings.push,
    "gap": Doings.gap,
    "seal": Doings.seal,
    "drop": Doings.drop,
    "segments": Doings.segments,
    "identity": Doings.identity,
    "joining": Doings.joining,
    "user": Doings.user,
    "notes": Doings.notes,
}
KINDS = tuple(_KINDS)
