"""A simulated agent: the product's own uplink over a spool in memory, one among many in an event loop."""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from sysmon_agent.clock import Clock
from sysmon_agent.config.addresses import parse_address
from sysmon_agent.config.values import UplinkSettings
from sysmon_agent.errors import SysmonError
from sysmon_agent.loop.answers import refusal_in, reply_in
from sysmon_agent.transport import Response
from sysmon_agent.uplink.machine import Uplink
from sysmon_agent.uplink.signals import (
    Action,
    Answered,
    Close,
    Connect,
    Connected,
    Event,
    Failed,
    Greeted,
    Release,
    SayHello,
    SendBatch,
    StartStream,
    Woken,
)
from sysmon_agent.wire.encode import encode_batch, encode_hello
from sysmon_agent.wire.messages import ClockPair, Hello, Reply
from sysmon_agent.wire.routes import BATCHES_PATH, HELLO_PATH
from sysmon_appliance.demo.client import Answer, Connection
from tests.chaos.journal import Journal

_UPLOAD_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Promise:
    """An aggregator has said that ticks are durable."""

    agent: int
    epoch: int
    at: float  # monotonic
    waited: tuple[float, ...]  # seconds since each was said to be stored, of those that were


@dataclass(frozen=True, slots=True)
class Shared:
    """What all agents of a fleet share."""

    clock: Clock
    handshakes: asyncio.Semaphore  # two cores do not shake two hundred hands at once
    settings: UplinkSettings
    promised: Callable[[Promise], None]
    stored: Callable[[float], None]  # called with the monotonic second at which something new was said to be stored


@dataclass(frozen=True, slots=True)
class Character:
    """How one agent differs from the others."""

    number: int
    addresses: Sequence[str]
    context: ssl.SSLContext
    interval_seconds: float
    stays: bool = False  # goes nowhere else than to its addresses, whatever it is told

    @property
    def host_id(self) -> str:
        return f"{self.number:032x}"


class ChaosAgent:
    """One agent; `run` lets it live until it is cancelled."""

    def __init__(self, character: Character, shared: Shared, random: Random) -> None:
        self.character = character
        self.journal = Journal(character.number)
        self.collecting = True
        self._shared = shared
        self._random = random
        self._uplink = Uplink(character.addresses, shared.settings, epoch=0, draw=random.random)
        self._connection: Connection | None = None
        self._stored_at: dict[int, float] = {}  # by serial, when a tick was said to be stored; until it is durable
        self._grown = asyncio.Event()
        self._boot_id = struct.pack("<QQ", 1, character.number)

    @property
    def epoch(self) -> int:
        """The highest epoch that it has seen."""
        return self._uplink.epoch

    def is_well(self) -> bool:
        """Whether something was promised, and no more waits than the newest tick and what an upload may take."""
        waiting, slack = self.journal.waiting, 2 + round(_UPLOAD_SECONDS / self.character.interval_seconds)
        return bool(self.journal.stream.durable) and waiting <= slack

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._collect())
                tasks.create_task(self._deliver())
        finally:
            self._abort()

    async def _collect(self) -> None:
        interval = self.character.interval_seconds
        await asyncio.sleep(interval * self._random.random())
        while True:
            if self.collecting:
                self.journal.collect(self._shared.clock.wall_ms())
                self._grown.set()
            await asyncio.sleep(interval)

    async def _deliver(self) -> None:
        while True:
            event: Event | None = Woken(self.journal.stream.last)
            while event:
                event = await self._perform(self._uplink.handle(event, self._shared.clock.monotonic()))
            await self._rest()

    async def _rest(self) -> None:
        wake_at = self._uplink.wake_at
        patience = None if wake_at is None else max(wake_at - self._shared.clock.monotonic(), 0.0)
        with contextlib.suppress(TimeoutError):  # not wait_for, which may swallow that this agent is to end
            async with asyncio.timeout(patience):
                await self._grown.wait()
                self._grown.clear()

    async def _perform(self, actions: Sequence[Action]) -> Event | None:
        for action in actions:
            try:
                outcome = await self._do(action)
            except (SysmonError, OSError) as error:
                return Failed(str(error))
            if outcome is not None:
                return outcome
        return None

    async def _do(self, action: Action) -> Event | None:
        match action:
            case Connect(address):
                await self._connect(address)
                return Connected()
            case SayHello():
                return await self._say_hello()
            case SendBatch():
                return await self._send(action)
            case Close():
                self._close()
            case Release(durable, epoch):
                self._release(durable, epoch)
            case StartStream():
                self.journal.start_stream()
        return None

    async def _connect(self, text: str) -> None:
        address = parse_address(text)
        async with self._shared.handshakes, asyncio.timeout(self._shared.settings.timeout_seconds):
            self._connection = await Connection.to(address.host, address.port, self.character.context)

    async def _say_hello(self) -> Event:
        last = self.journal.stream.last
        response = await self._post(HELLO_PATH, encode_hello(self._hello(last)))
        reply = reply_in(response)
        if isinstance(reply, Reply):
            return Greeted(reply, last, self.journal.wall_ms_of(reply.stored))
        return reply or self._heard(response)

    async def _send(self, action: SendBatch) -> Event:
        now_ms = self._shared.clock.wall_ms()
        batch = self.journal.cut(action.first, action.samples, now_ms, with_schema=action.with_schema)
        if batch is None:
            return Failed(f"There is no tick {action.first}.")
        response = await self._post(BATCHES_PATH, encode_batch(batch))
        reply = reply_in(response)
        if isinstance(reply, Reply):
            self._note_stored(batch.first, reply.stored)
            return Answered(reply)
        return reply or self._heard(response, first=batch.first, last=batch.last)

    def _heard(self, response: Response, *, first: int = 0, last: int = 0) -> Event:
        refused = refusal_in(response, first=first, last=last)
        return replace(refused, leader="", aggregators=()) if self.character.stays else refused

    def _note_stored(self, first: int, stored: int) -> None:
        now = self._shared.clock.monotonic()
        for serial in self.journal.stream.serials[first - 1 : stored]:
            self._stored_at.setdefault(serial, now)
        if stored >= first:
            self._shared.stored(now)

    def _release(self, durable: int, epoch: int) -> None:
        stream = self.journal.stream
        before = stream.durable
        self.journal.release(durable)
        now = self._shared.clock.monotonic()
        if serials := stream.serials[before : stream.durable]:
            waited = tuple(now - self._stored_at.pop(serial) for serial in serials if serial in self._stored_at)
            self._shared.promised(Promise(self.character.number, epoch, now, waited))

    async def _post(self, path: str, body: bytes) -> Response:
        if self._connection is None:
            raise OSError("there is no connection")
        async with asyncio.timeout(self._shared.settings.timeout_seconds):
            return _response(await self._connection.post(path, body))

    def _abort(self) -> None:
        """End the connection without a word: whoever is frozen would never answer it."""
        transport = self._connection._transport if self._connection is not None else None
        if transport is not None:
            transport.abort()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _hello(self, last: int) -> Hello:
        sent = ClockPair(self._shared.clock.wall_ms(), self._shared.clock.boot_ms())
        return Hello(
            stream_id=self.journal.stream.id,
            last=last,
            boot_id=self._boot_id,
            interval_ms=round(1000 * self.character.interval_seconds),
            sent=sent,
            epoch=self.epoch,
            facts=(("host.name", f"host-{self.character.number}"),),
        )


def _response(answer: Answer) -> Response:
    headers = {name.decode(): value.decode() for name, value in answer.headers.items()}
    return Response(answer.status, headers, answer.body)
