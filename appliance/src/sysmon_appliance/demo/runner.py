"""Keeps simulated hosts alive: when they measure, and whom they tell."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sysmon_agent.errors import SysmonError, TransportError
from sysmon_agent.wire.decode import decode_reply
from sysmon_agent.wire.messages import Reply
from sysmon_agent.wire.routes import BATCHES_PATH, HELLO_PATH
from sysmon_appliance.demo.client import TIMEOUT_SECONDS, Answer, Connection
from sysmon_appliance.demo.host import SimulatedHost

_log = logging.getLogger(__name__)

_ATTEMPTS = 4
"""At one tick: as it is, with the schema, after hello, and once more."""


class Door(Protocol):
    """A host's way to the aggregator."""

    async def connect(self) -> Connection: ...

    @property
    def is_due(self) -> bool:
        """Whether the next connection is to bring another certificate."""

    def renew_soon(self) -> None:
        """Do what the aggregator asks for."""


@dataclass(frozen=True, slots=True)
class Member:
    """A host and how it reaches the aggregator."""

    host: SimulatedHost
    door: Door


async def run(members: Sequence[Member], *, interval_seconds: float) -> None:
    """Let all hosts live until this is cancelled; their ticks are spread over the interval."""
    async with asyncio.TaskGroup() as tasks:
        for position, member in enumerate(members):
            delay = interval_seconds * position / len(members)
            tasks.create_task(Life(member, interval_seconds).live(delay))


class Life:
    """One host's ticks, one after another. What fails at one tick is tried again at the next."""

    def __init__(self, member: Member, interval_seconds: float) -> None:
        self._host = member.host
        self._door = member.door
        self._interval = interval_seconds
        self._connection: Connection | None = None

    async def live(self, delay_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        begun = due = loop.time() + delay_seconds
        try:
            while True:
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self.tick(due - begun)
                due = max(due + self._interval, loop.time())
        finally:
            self._hang_up()

    async def tick(self, elapsed_seconds: float) -> None:
        """Measure and deliver, unless the host plays dead."""
        outage = self._host.character.outage
        if outage is not None and outage.covers(elapsed_seconds):
            self._hang_up()
            return
        self._host.collect()
        try:
            await self._deliver()
        except (OSError, SysmonError) as error:
            _log.info("A simulated host could not deliver.", extra={"host": self._host.character.name, "reason": error})
            self._hang_up()

    async def _deliver(self) -> None:
        if self._door.is_due:
            self._hang_up()
        if self._connection is None:
            self._connection = await self._door.connect()
            await self._greet()
        with_schema = False
        for _ in range(_ATTEMPTS):
            if not self._host.is_waiting:
                return
            answer = await self._post(BATCHES_PATH, self._host.body(with_schema=with_schema))
            match _code(answer):
                case "":
                    self._acknowledged(decode_reply(answer.body))
                case "need_schema":
                    with_schema = True
                case "need_hello" | "unexpected_tick":
                    await self._greet()
                case code:
                    raise TransportError(f"The aggregator refused a tick ({code}).")

    async def _greet(self) -> None:
        answer = await self._post(HELLO_PATH, self._host.hello())
        if code := _code(answer):
            raise TransportError(f"The aggregator refused hello ({code}).")
        self._host.greeted(decode_reply(answer.body))

    def _acknowledged(self, reply: Reply) -> None:
        self._host.acknowledged(reply)
        if reply.renew:
            self._door.renew_soon()

    async def _post(self, path: str, body: bytes) -> Answer:
        assert self._connection is not None  # noqa: S101 - _deliver has made one
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await self._connection.post(path, body)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _code(answer: Answer) -> str:
    """Return the code of the problem that came back, or an empty string when none did."""
    if answer.status == 200:
        return ""
    try:
        return str(json.loads(answer.body)["code"])
    except (ValueError, LookupError, TypeError):
        return f"status {answer.status}"
