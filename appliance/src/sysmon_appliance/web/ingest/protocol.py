"""HTTP for agents: uvicorn's httptools protocol, with a short cut for the one route that is hot.

`POST /v1/batches` is answered here, from parsed bytes to written bytes, without an ASGI scope, a list of headers or a
task: those are four fifths of what a push costs otherwise. All else goes the usual way to Starlette, and finds this
connection in its request's state.

A request takes one of three ways, chosen at its first header, when method and path are known:

    PUSH      it is a batch: its body is gathered here and submitted
    OTHER     the base class has it
    REFUSED   it was answered already, or never will be: its bytes are dropped, and the connection ends

One request at a time: an agent waits for its answer. Whoever sends a request before the answer to the last one gets
that answer, and then the connection is closed; a client knows that what follows was not processed (RFC 9112, 9.3.2).
"""

import asyncio
from dataclasses import replace
from enum import Enum
from typing import Any

from uvicorn.server import ServerState

from sysmon_agent.errors import MalformedMessage, OversizedMessage, SysmonError
from sysmon_agent.wire.messages import Reply
from sysmon_agent.wire.peer import AGENT, AGGREGATOR
from sysmon_agent.wire.routes import BATCHES_PATH, HELLO_PATH
from sysmon_appliance.domain.certificates import Presented
from sysmon_appliance.errors import CertificateRequiredError, MethodNotAllowedError
from sysmon_appliance.services.ingest import Push
from sysmon_appliance.web import peer_wire
from sysmon_appliance.web.ingest.answers import CONTINUE, answer_bytes
from sysmon_appliance.web.ingest.config import IngestConfig
from sysmon_appliance.web.ingest.enrolling import MAX_BODY_BYTES, WITHOUT_CERTIFICATE
from sysmon_appliance.web.ingest.holder import holder_of, require_role
from sysmon_appliance.web.servers import MAX_HEAD_BYTES, GuestProtocol

_BATCHES, _HELLO = BATCHES_PATH.encode(), HELLO_PATH.encode()

_REQUEST_SECONDS = 30.0
"""How long a request may take to arrive, and a new connection to send its first."""

_LINGER_SECONDS = 1.0
"""How long a refused sender is listened to: closing at once would reset the connection and lose the answer."""

_CONNECTIONS_OF_PEER = 32
"""A standby passes on requests of many people, each over a connection of its own."""


class Way(Enum):
    UNDECIDED = "undecided"
    PUSH = "push"
    OTHER = "other"
    REFUSED = "refused"


class IngestProtocol(GuestProtocol):
    """One connection of an agent, or of another aggregator."""

    holder: Presented | None = None  # who shows a certificate of this region
    received_ms: int = 0  # when the current request began to arrive, on the aggregator's clock

    def __init__(
        self,
        config: IngestConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state | {"connection": self}, _loop)
        self._taker = config.taker
        self._doorkeeper = config.doorkeeper
        self._clock = config.clock
        self._largest_body_bytes = config.settings.max_body_bytes
        self._max_body_bytes = self._largest_body_bytes  # of the current request
        self._keep_alive_seconds = config.settings.keep_alive_seconds
        self._unwelcome: SysmonError | None = None  # why no request of this connection is taken
        self._way = Way.UNDECIDED
        self._parts: list[bytes] = []
        self._size = 0  # of the head, while it arrives, and then of the body
        self._began = 0.0  # when the current request, or the silence after it, began; the loop's time
        self._arriving = True  # whether a request, or the first one, is still to come in full
        self._in_head = False  # whether a request's head has begun to arrive, and not ended
        self._submitted = False  # whether a push waits for its answer
        self._ending = False  # whether the answer that is due is the last

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base class
        super().connection_made(transport)
        self._began = self.loop.time()
        try:
            self.holder = holder_of(transport, self._doorkeeper.region)
        except SysmonError as error:
            self._unwelcome = error
        self._be_counted()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.holder is not None:
            self._taker.leave(self.holder.peer, self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._way is not Way.REFUSED:
            super().data_received(data)
        if self._in_head:
            self._size += len(data)
            if self._size > MAX_HEAD_BYTES and self._way is not Way.REFUSED:
                self._refuse(OversizedMessage(f"The head of a request may have {MAX_HEAD_BYTES} bytes."))

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.received_ms = self._clock.wall_ms()
        self._began = self.loop.time()
        self._arriving = True
        self._in_head = True
        self._size = 0
        if self._way is not Way.REFUSED:
            self._way = Way.UNDECIDED

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._way is Way.UNDECIDED:
            self._choose()
        if self._way is Way.REFUSED:
            return
        lowered = name.lower()
        if lowered == b"content-length" and int(value) > self._max_body_bytes:
            self._refuse(self._oversized())
        elif self._way is Way.OTHER:
            super().on_header(name, value)
        elif lowered == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._size = 0
        if self._way is Way.UNDECIDED:
            self._choose()
        if self._way is Way.OTHER:
            super().on_headers_complete()
        elif self._way is Way.PUSH:
            self._ending = not self.parser.should_keep_alive()
            if self.expect_100_continue:
                self.transport.write(CONTINUE)

    def on_body(self, body: bytes) -> None:
        if self._way is Way.REFUSED:
            return
        self._size += len(body)
        if self._size > self._max_body_bytes:
            self._refuse(self._oversized())
        elif self._way is Way.PUSH:
            self._parts.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._arriving = False
        if self._way is Way.PUSH:
            self._submit()
        elif self._way is Way.OTHER:
            super().on_message_complete()

    def shutdown(self) -> None:
        """End the connection once the answer that is due has been given; a request that is not whole gets none."""
        if self._submitted:
            self._ending = True
        elif self._busy() and not self._arriving:
            super().shutdown()
        else:
            self._hang_up()

    def sweep(self, now: float) -> None:
        """Close a connection that is silent, or too slow; `now` is the loop's time.

        One sweep over all connections from time to time is cheaper than a timer that every push sets anew.
        """
        if self._busy() and not (self._arriving or self.flow.write_paused):
            return  # it waits for us
        patient = self.holder is not None and not self._arriving
        limit = self._keep_alive_seconds if patient else _REQUEST_SECONDS
        if now - self._began > limit:
            self._hang_up()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP; the base class calls this."""
        if self._submitted:  # an agent would take this for the answer to its push
            self._way = Way.REFUSED
            self._ending = True
        else:
            self._refuse(MalformedMessage(msg))

    def _should_upgrade(self) -> bool:
        return False

    def _unsupported_upgrade_warning(self) -> None:
        self._refuse(MalformedMessage("This listener speaks HTTP/1.1 and nothing else."))

    def _be_counted(self) -> None:
        """Tell the gate who has come; one stranger too many of an address has to leave."""
        if self.guest is None:
            return
        if self.holder is not None and self._counts(self.holder):
            most = _CONNECTIONS_OF_PEER if self.holder.peer.role == AGGREGATOR else 0
            self.guest.vouched(self.holder.peer.id, self._hang_up, most=most)
        elif not self.guest.admitted():
            self._hang_up()

    def _counts(self, holder: Presented) -> bool:
        """Whether a certificate is good at this moment."""
        try:
            self._doorkeeper.check(holder, self._clock.wall_ms())
        except SysmonError:
            return False
        return True

    def _busy(self) -> bool:
        """Whether an answer is due."""
        cycle: Any = self.cycle  # none before the first request of the base class
        return self._submitted or (cycle is not None and not cycle.response_complete)

    def _choose(self) -> None:
        """Choose the way of a request whose method and path are known."""
        if self._busy():
            self._end_after_answer()
        elif (error := self._objection()) is not None:
            self._refuse(error)
        elif self.url != _BATCHES:
            self._leave_to_base()
        elif self.parser.get_method() == b"POST":
            self._way = Way.PUSH
            self._max_body_bytes = self._largest_body_bytes
        else:
            self._refuse(MethodNotAllowedError(f"{BATCHES_PATH} takes POST."))

    def _leave_to_base(self) -> None:
        self._way = Way.OTHER
        self._max_body_bytes = self._most_bytes()
        url = self.url
        super().on_message_begin()
        self.url = url

    def _most_bytes(self) -> int:
        """Return how large the body of a request may be that the base class has."""
        if self.holder is not None and self.holder.peer.role == AGGREGATOR:
            return peer_wire.MAX_BODY_BYTES
        largest = self._largest_body_bytes
        return largest if self.url == _HELLO else min(largest, MAX_BODY_BYTES)

    def _objection(self) -> SysmonError | None:
        """Why this connection may ask for nothing at this moment."""
        if self._unwelcome is not None:
            return self._unwelcome
        try:
            if self.holder is None:
                raise CertificateRequiredError("This route needs a client certificate.", hint="sysmon-agent enroll")
            self._doorkeeper.check(self.holder, self.received_ms)
            if self.url == _BATCHES:
                require_role(self.holder, AGENT)
        except SysmonError as error:
            return None if self.url in WITHOUT_CERTIFICATE else error
        return None

    def _submit(self) -> None:
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._submitted = True
        assert self.holder is not None  # noqa: S101 - nobody else's push is taken
        self._taker.submit(Push(self.holder.peer, self, body, self.received_ms, self._answer))

    def _answer(self, answer: Reply | SysmonError) -> None:
        self._submitted = False
        self._began = self.loop.time()
        if isinstance(answer, Reply) and self.holder is not None and self._doorkeeper.wants_renewal(self.holder):
            answer = replace(answer, renew=True)
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.transport.write(answer_bytes(answer, close=self._ending))
        if self._ending:
            self.transport.close()

    def _end_after_answer(self) -> None:
        """Take no more requests, and close once the answer that is due has been given."""
        self._way = Way.REFUSED
        if self._submitted:
            self._ending = True
        else:
            self.cycle.keep_alive = False

    def _refuse(self, error: SysmonError) -> None:
        """Answer at once, drop what still comes, and close."""
        if self._way is Way.OTHER and self._busy():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._way = Way.REFUSED
        self._parts.clear()
        self.transport.write(answer_bytes(error, close=True))
        self.loop.call_later(_LINGER_SECONDS, self._hang_up)

    def _hang_up(self) -> None:
        # Not `close`: that waits for the other side to end TLS, and an agent between two ticks reads nothing.
        self.transport.abort()

    def _oversized(self) -> SysmonError:
        return OversizedMessage(
            f"A body may have {self._max_body_bytes} bytes.", hint="sysmon-aggregator config show --effective"
        )
