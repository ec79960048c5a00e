"""Many agents in one event loop, which has a thread of its own; and what was promised to them, as it happened.

Most agents are ordinary. A few are impatient: they take a tick every quarter of a second, so that what they hear is
when it happened. And one for each aggregator stays there whatever it is told: should that one ever acknowledge what no
other has, it would be heard.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.values import UplinkSettings
from tests.chaos.agent import ChaosAgent, Character, Promise, Shared
from tests.support.clusters.aggregators import Aggregators
from tests.support.raw_agent import tls_context

IMPATIENT, IMPATIENT_SECONDS = 4, 0.25
_HANDSHAKES = 8
_ORDINARY = UplinkSettings(timeout_seconds=5.0, stall_seconds=10.0, backoff_seconds=2.0)
_QUICK = UplinkSettings(timeout_seconds=2.0, stall_seconds=10.0, backoff_seconds=1.0)
_CLOCK = SystemClock()


_CLOSING_SECONDS = 0.2  # in which connections that were ended close their sockets


@dataclass(slots=True)
class Heard:
    """What agents were promised, and when; written by the agents' thread."""

    first_of_epoch: dict[int, float] = field(default_factory=dict)
    """When somebody first heard of something durable from an epoch's leader."""
    newest: float = 0.0
    """When somebody last heard so."""
    calm_since: float | None = None
    """Since when nothing is broken on purpose; None while something is."""
    waited: list[float] = field(default_factory=list)
    """Seconds from stored to durable, in calm times, as impatient agents saw them."""
    stored_at: list[float] = field(default_factory=list)
    """When anybody heard that something is stored."""

    def note(self, promise: Promise, *, exact: bool) -> None:
        self.first_of_epoch.setdefault(promise.epoch, promise.at)
        self.newest = promise.at
        calm_since = self.calm_since
        if exact and calm_since is not None:
            self.waited += [seconds for seconds in promise.waited if promise.at - seconds >= calm_since]


class Fleet:
    """The agents of a region."""

    def __init__(self, region: Aggregators, agents: int, interval_seconds: float, seed: int) -> None:
        self.heard = Heard()
        self._random = Random(seed)
        characters = _cast(region, agents, interval_seconds)
        self._exact = {one.number for one in characters if one.interval_seconds == IMPATIENT_SECONDS}
        self._ordinary = self._shared(_ORDINARY)
        self._quick = self._shared(_QUICK)
        self.agents = [self._agent(character) for character in characters]
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def epoch(self) -> int:
        """The highest epoch that any agent has seen."""
        return max(agent.epoch for agent in self.agents)

    @property
    def waiting(self) -> int:
        """How many ticks of agents that are free to go anywhere are not durable."""
        return sum(agent.journal.waiting for agent in self.agents if not agent.character.stays)

    def is_well(self) -> bool:
        """Whether what agents take becomes durable as fast as they take it."""
        return all(agent.is_well() for agent in self.agents if not agent.character.stays)

    def pause(self) -> None:
        """Take no ticks any more; those that were taken are still sent."""
        for agent in self.agents:
            agent.collecting = False

    async def live(self) -> None:
        """Run all agents until `stop`."""
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            living = [tasks.create_task(agent.run()) for agent in self.agents]
            await self._stopping.wait()
            for one in living:
                one.cancel()
        await asyncio.sleep(_CLOSING_SECONDS)

    def stop(self) -> None:
        """End `live`; call it in any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    def _agent(self, character: Character) -> ChaosAgent:
        shared = self._quick if character.number in self._exact else self._ordinary
        return ChaosAgent(character, shared, Random(self._random.random()))

    def _shared(self, settings: UplinkSettings) -> Shared:
        return Shared(_CLOCK, asyncio.Semaphore(_HANDSHAKES), settings, self._promised, self.heard.stored_at.append)

    def _promised(self, promise: Promise) -> None:
        self.heard.note(promise, exact=promise.agent in self._exact)


@contextmanager
def living(fleet: Fleet) -> Iterator[Fleet]:
    """Let a fleet live in a thread of its own for as long as the block runs."""
    outcome: Future[None] = Future()

    def live() -> None:
        try:
            outcome.set_result(asyncio.run(fleet.live()))
        except BaseException as error:  # noqa: BLE001 - it is raised where the fleet was started
            outcome.set_exception(error)

    thread = threading.Thread(target=live, name="fleet", daemon=True)
    thread.start()
    try:
        yield fleet
    finally:
        fleet.stop()
        thread.join(60)
    outcome.result(1)


def _cast(region: Aggregators, agents: int, interval_seconds: float) -> list[Character]:
    """Make ordinary agents, then impatient ones, then those that stay."""
    everywhere = region.addresses
    plans: list[tuple[Sequence[str], float]] = [(everywhere, interval_seconds)] * agents
    plans += [(everywhere, IMPATIENT_SECONDS)] * IMPATIENT
    plans += [((address,), interval_seconds) for address in everywhere]
    return [_character(region, number, *plan) for number, plan in enumerate(plans, start=1)]


def _character(region: Aggregators, number: int, addresses: Sequence[str], interval_seconds: float) -> Character:
    issued = region.agent(f"{number:032x}")
    turn = number % len(addresses)
    return Character(
        number,
        (*addresses[turn:], *addresses[:turn]),
        tls_context(str(issued.authority), issued),
        interval_seconds,
        stays=len(addresses) == 1,
    )
