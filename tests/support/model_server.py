"""An aggregator in memory: the delivery rules, by the real domain code, without network, disk or time."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from sysmon_agent.errors import TransportError
from sysmon_agent.transport import Response
from sysmon_agent.wire.decode import check_against, decode_batch, decode_hello
from sysmon_agent.wire.encode import encode_reply
from sysmon_agent.wire.messages import Batch, Gap, GapReason, Hello, Reply, Schema
from sysmon_appliance.domain.clones import Incarnation, Incarnations
from sysmon_appliance.domain.streams import Stream, Verdict, admit


class Fate(Enum):
    """What becomes of one exchange."""

    ANSWERED = auto()
    LOST_REQUEST = auto()
    LOST_REPLY = auto()
    KILLED_BEFORE = auto()  # the agent dies as it sends
    KILLED_AFTER = auto()  # the agent dies before it reads the answer


class Killed(BaseException):
    """The agent's process ends here, as kill -9 ends it."""


@dataclass
class Stored:
    """A stream as the model keeps it: every number is a tick or a gap."""

    stream: Stream
    ticks: dict[int, tuple[int, float]] = field(default_factory=dict)  # number: wall time, value of the first series
    gaps: list[Gap] = field(default_factory=list)

    def check(self) -> None:
        """Hold the ledger's equation, number by number."""
        numbers = sorted([*self.ticks, *(n for gap in self.gaps for n in range(gap.first, gap.last + 1))])
        assert numbers == list(range(1, self.stream.last + 1))
        assert self.stream.balanced


class ModelServer:
    """One host's view of an aggregator; links to it share its streams."""

    def __init__(self, now_ms: Callable[[], int], *, epoch: int = 1, learns_epochs: bool = True) -> None:
        self.now_ms = now_ms
        self.epoch = epoch
        self._learns_epochs = learns_epochs  # a leader that was replaced does not
        self.streams: dict[bytes, Stored] = {}
        self.schemas: dict[bytes, Schema] = {}
        self.hellos: list[Hello] = []
        self.batches: list[Batch] = []
        self.refuse: Callable[[Batch], Response | None] = lambda _: None
        self.fates: list[Fate] = []  # of the next exchanges
        self._incarnations = Incarnations()
        self._owner: object = None
        self._heard_ms = 0  # when the owner was heard last

    def connect(self, _address: str = "") -> "ModelLink":
        return ModelLink(self)

    def values(self) -> list[float]:
        """List the value of every tick stored, in any stream."""
        return [value for stored in self.streams.values() for _, value in stored.ticks.values()]

    def missing(self, reason: GapReason) -> int:
        return sum(stored.stream.missing.get(reason, 0) for stored in self.streams.values())

    def reasons(self) -> set[GapReason]:
        """List why ticks are missing, in any stream."""
        return {reason for stored in self.streams.values() for reason in stored.stream.missing}

    def hello(self, link: object, hello: Hello) -> Response:
        self.hellos.append(hello)
        who = Incarnation(hello.boot_id, hello.stream_id)
        if not self._incarnations.greet(who, now_ms=self.now_ms(), active_ms=self._heard_ms):
            return problem(409, "cloned_identity")
        stored = self.streams.setdefault(hello.stream_id, Stored(Stream(1, 1, hello.stream_id)))
        self._owner = (link, hello.stream_id)
        self._heard_ms = self.now_ms()
        if self._learns_epochs:
            self.epoch = max(self.epoch, hello.epoch)
        last = stored.stream.last
        wall_ms, _ = stored.ticks.get(last, (0, 0.0))
        return self._reply(hello.stream_id, last, wall_ms)

    def batch(self, link: object, batch: Batch) -> Response:
        self.batches.append(batch)
        if self._owner != (link, batch.stream_id):
            return problem(409, "need_hello")
        self._heard_ms = self.now_ms()
        if refusal := self.refuse(batch):
            return refusal
        stored = self.streams[batch.stream_id]
        first = batch.skipped[0].first if batch.skipped else batch.first
        match admit(last=stored.stream.last, first=first, to=batch.last):
            case Verdict.CONFLICT:
                return problem(409, "unexpected_tick", expected=stored.stream.last + 1)
            case Verdict.ACCEPT:
                if batch.count and not self._learn(batch):
                    return problem(409, "need_schema")
                self._store(stored, batch)
        return self._reply(batch.stream_id, stored.stream.last)

    def _learn(self, batch: Batch) -> bool:
        if batch.schema is not None:
            self.schemas[batch.schema_hash] = batch.schema
        schema = self.schemas.get(batch.schema_hash)
        if schema is not None:
            check_against(batch, schema)
        return schema is not None

    def _store(self, stored: Stored, batch: Batch) -> None:
        values = memoryview(batch.columns).cast("d")
        for position, wall_ms in enumerate(batch.wall_ms):
            stored.ticks[batch.first + position] = (wall_ms, values[position])
        stored.gaps += batch.skipped
        wall_ms = batch.wall_ms[-1] if batch.wall_ms else 0
        stored.stream.commit(last=batch.last, count=batch.count, skipped=batch.skipped, wall_ms=wall_ms)
        stored.check()

    def durable(self, _stream_id: bytes, stored: int) -> int:
        """Return up to where a stream is safe."""
        return stored

    def _reply(self, stream_id: bytes, stored: int, wall_ms: int = 0) -> Response:
        return Response(200, {}, encode_reply(Reply(self.epoch, stored, self.durable(stream_id, stored), wall_ms)))


class ModelLink:
    """A connection on which exchanges may go wrong as the server's `fates` say."""

    local_address = "127.0.0.1"

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._closed = False

    def post(self, path: str, body: bytes) -> Response:
        fate = self._server.fates.pop(0) if self._server.fates else Fate.ANSWERED
        if fate is Fate.KILLED_BEFORE:
            raise Killed
        if self._closed or fate is Fate.LOST_REQUEST:
            raise TransportError("the request was lost")
        answer = self._answer(path, body)
        if fate is Fate.KILLED_AFTER:
            raise Killed
        if fate is Fate.LOST_REPLY:
            raise TransportError("the reply was lost")
        return answer

    def _answer(self, path: str, body: bytes) -> Response:
        if path == "/v1/hello":
            return self._server.hello(self, decode_hello(body))
        return self._server.batch(self, decode_batch(body))

    def close(self) -> None:
        self._closed = True

    abort = close


def problem(status: int, code: str, *, retry_after: int = 0, **members: int | str | list[str]) -> Response:
    """Build a problem document as aggregators answer it."""
    headers = {"retry-after": str(retry_after)} if retry_after else {}
    return Response(status, headers, json.dumps({"status": status, "code": code, **members}).encode())
