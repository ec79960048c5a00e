"""A thousand agents lose their leader: the real uplinks, in simulated time, with draws that a seed repeats.

The leader's process ends. Standbys name it until its lock is free, then nobody, then the new leader, which restores for
a second before it answers.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random
from statistics import median

import pytest

from sysmon_agent.config.values import UplinkSettings
from sysmon_agent.uplink.machine import Uplink
from sysmon_agent.uplink.signals import (
    Action,
    Answered,
    Connect,
    Connected,
    Event,
    Failed,
    Greeted,
    Refused,
    SayHello,
    SendBatch,
    Woken,
)
from sysmon_agent.wire.messages import Reply

AGENTS = 1000
DEAD_AT, FREE_AT, ELECTED_AT, READY_AT, END_AT = 100.0, 104.5, 105.0, 106.0, 130.0
SECONDS = 0.002  # of one exchange


class Region:
    """Three aggregators, as agents see them."""

    def __init__(self) -> None:
        self.hellos: list[float] = []  # when standbys were asked
        self.connections: list[float] = []  # when anybody was connected to after the leader had died
        self.arrivals: dict[int, float] = {}  # when the new leader had all of an agent's

    def answer(self, agent: int, address: str, action: Action, now: float) -> Event:
        leads = (address == "a:1" and now < DEAD_AT) or (address == "c:1" and now >= READY_AT)
        if address == "a:1" and not leads:
            return Failed("refused")
        match action:
            case Connect():
                self.connections.append(now)
                return Connected()
            case SayHello() if leads:
                return Greeted(Reply(1 + (address == "c:1"), 1, 1), 2, None)
            case SendBatch() if leads:
                self.arrivals.setdefault(agent, now) if address == "c:1" else None
                return Answered(Reply(1 + (address == "c:1"), 2, 2))
        self.hellos.append(now)
        return Refused(421, "not_leader", leader=leader_known_at(now))


def leader_known_at(now: float) -> str:
    if now < FREE_AT:
        return "a:1"
    return "c:1" if now >= ELECTED_AT else ""


def acting(agent: int, uplink: Uplink, region: Region) -> Callable[[float], float]:
    """Return what wakes an agent; it says when the agent is next to be woken."""

    def wake(now: float) -> float:
        event: Event | None = Woken(2)
        while event:
            actions = uplink.handle(event, now)
            asked = next((act for act in actions if isinstance(act, Connect | SayHello | SendBatch)), None)
            now += SECONDS
            event = region.answer(agent, uplink.address, asked, now) if asked else None
        return uplink.wake_at or END_AT

    return wake


def fleet(region: Region, seed: int) -> Iterator[tuple[float, Callable[[float], float]]]:
    """Agents that had delivered all but one tick to the leader, and notice its death at their next tick."""
    for agent in range(AGENTS):
        draw = Random(seed * AGENTS + agent).random  # noqa: S311 - a seed is to repeat it
        uplink = Uplink(("a:1", "b:1", "c:1"), UplinkSettings(), epoch=1, draw=draw)
        for event in (Woken(1), Connected(), Greeted(Reply(1, 1, 1), 1, None)):
            uplink.handle(event, 0.0)
        yield DEAD_AT + 4 * draw(), acting(agent, uplink, region)


@pytest.fixture(scope="module", params=[1, 2, 3])
def region(request: pytest.FixtureRequest) -> Region:
    """What the aggregators saw of it."""
    region, order = Region(), count()
    waiting: list[tuple[float, int, Callable[[float], float]]] = []
    for at, wake in fleet(region, request.param):
        heappush(waiting, (at, next(order), wake))
    while waiting:
        now, _, wake = heappop(waiting)
        if (at := wake(now)) < END_AT:
            heappush(waiting, (max(at, now + SECONDS), next(order), wake))
    return region


def most_within(moments: list[float], seconds: float) -> int:
    """Count how many of the moments lie in the busiest span of this length."""
    ordered, first, most = sorted(moments), 0, 0
    for position, moment in enumerate(ordered):
        while moment - ordered[first] > seconds:
            first += 1
        most = max(most, position - first + 1)
    return most


def test_every_agent_finds_the_new_leader_soon(region: Region) -> None:
    """Half of the fleet delivers within a second of the new leader's first answer, and all within three."""
    delays = [moment - READY_AT for moment in region.arrivals.values()]
    assert len(delays) == AGENTS
    assert median(delays) <= 1
    assert max(delays) <= 3


def test_the_fleet_does_not_arrive_all_at_once(region: Region) -> None:
    """No twentieth of a second brings more than a tenth of the fleet."""
    assert most_within(region.connections, 0.05) <= AGENTS / 10
    assert most_within(list(region.arrivals.values()), 0.05) <= AGENTS / 10


def test_waiting_costs_hellos_and_not_handshakes(region: Region) -> None:
    """An agent asks about once a second while nobody leads, and connects only a few times in all."""
    assert len(region.hellos) <= AGENTS * (READY_AT - DEAD_AT) * 2
    assert len(region.connections) <= AGENTS * 3
