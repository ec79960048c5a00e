"""Accepts connections for a TLS listener: through its gate, with the newest certificate, and no longer than it takes.

It stands where uvicorn would have an asyncio server, which begins a handshake for whoever connects.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass

from sysmon_appliance.web.gate import Gate, Stage, Visit
from sysmon_appliance.web.tls import LiveContext

HANDSHAKE_SECONDS = 10.0

_CLOSE_SECONDS = 5.0
"""How long the other side may take to say goodbye."""

_ACCEPTED_AT_ONCE = 64
"""Connections taken in one go, before open ones have their turn again."""

_PUMP_SECONDS = 0.02
_PAUSE_SECONDS = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Guest:
    """What a connection's protocol tells the gate of its visit."""

    gate: Gate
    visit: Visit
    loop: asyncio.AbstractEventLoop

    def admitted(self) -> bool:
        """Say that no certificate was shown; the answer is whether the connection may stay."""
        return self.gate.admit(self.visit)

    def vouched(self, holder: str, hang_up: Callable[[], None], *, most: int = 0) -> None:
        """Say whose certificate was shown, and how to end the connection should it have to make room; see the gate."""
        self.gate.vouch(self.visit, holder, hang_up, self.loop.time(), most=most)

    def left(self) -> None:
        self.gate.leave(self.visit)


class Acceptor:
    """The accept loop of one listening socket; it has the methods of an asyncio server that uvicorn calls."""

    def __init__(
        self, listener: socket.socket, gate: Gate, live: LiveContext, make: Callable[[Guest], asyncio.BaseProtocol]
    ) -> None:
        self._listener = listener
        self._gate = gate
        self._live = live
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[Visit, socket.socket] = {}  # of those who wait
        self._shaking: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        listener.setblocking(False)
        self._loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Accept no more, and give up handshakes that are under way; open connections are not touched."""
        self._closed = True
        self._loop.remove_reader(self._listener)
        if self._timer is not None:
            self._timer.cancel()
        for visit in list(self._sockets):
            self._turn_away(visit)
        for task in self._shaking:
            task.cancel()

    async def wait_closed(self) -> None:
        await asyncio.gather(*self._shaking, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connection, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                break
            except OSError as error:
                self._pause(error)
                break
            self._welcome(connection, address[0])
        self._pump()

    def _pause(self, error: OSError) -> None:
        """Wait a moment, mostly for file descriptors; accepting at once would fail at once."""
        _log.error("Connections cannot be accepted for a moment.", extra={"reason": error.strerror})
        self._loop.remove_reader(self._listener)
        self._loop.call_later(_PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener, self._accept)

    def _welcome(self, connection: socket.socket, host: str) -> None:
        visit = self._gate.arrive(host, self._loop.time())
        if visit is None:
            connection.close()
            return
        connection.setblocking(False)
        self._sockets[visit] = connection
        if visit.stage is Stage.PASSING:
            self._begin(visit)

    def _pump(self) -> None:
        """Let in whose turn it is, and turn away who waited in vain; come again as long as somebody waits."""
        now = self._loop.time()
        for visit in self._gate.overdue(now):
            self._turn_away(visit)
        for visit in self._gate.ready(now):
            self._begin(visit)
        if self._gate.waiting and self._timer is None:
            self._timer = self._loop.call_later(_PUMP_SECONDS, self._again)

    def _again(self) -> None:
        self._timer = None
        self._pump()

    def _turn_away(self, visit: Visit) -> None:
        self._gate.leave(visit)
        self._sockets.pop(visit).close()

    def _begin(self, visit: Visit) -> None:
        task = self._loop.create_task(self._shake_hands(visit, self._sockets.pop(visit)))
        self._shaking.add(task)
        task.add_done_callback(self._shaking.discard)

    async def _shake_hands(self, visit: Visit, connection: socket.socket) -> None:
        done = False
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                lambda: self._make(Guest(self._gate, visit, self._loop)),
                connection,
                ssl=self._live.context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_CLOSE_SECONDS,
            )
            done = True
        except OSError as error:  # of TLS, too: time-outs, and certificates of others
            _log.debug("A handshake failed.", extra={"address": visit.address, "reason": str(error)})
        finally:
            if not done:
                self._gate.leave(visit)
                connection.close()
