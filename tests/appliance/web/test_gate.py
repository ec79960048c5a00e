"""The gate: who is known passes, strangers take turns, and nothing grows without bound."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.config import IngestSettings, LimitSettings
from sysmon_appliance.web import gate as gates
from sysmon_appliance.web.gate import Gate, GateLimits, Stage, Visit
from sysmon_appliance.web.limits import ingest_gate

LIMITS = GateLimits(
    connections=10_000, strangers=100, strangers_per_address=20, strangers_per_second=50, connections_per_holder=2
)


def arrived(gate: Gate, address: str, now: float = 0.0) -> Visit:
    visit = gate.arrive(address, now)
    assert visit is not None
    return visit


def vouched(gate: Gate, address: str, holder: str, now: float = 0.0) -> Visit:
    """Let somebody with a certificate in."""
    visit = arrived(gate, address, now)
    list(gate.ready(now))
    gate.vouch(visit, holder, lambda: None, now)
    return visit


def test_a_stranger_is_let_in_when_there_is_nothing_to_do() -> None:
    """On a quiet listener, a stranger's handshake begins at once."""
    gate = Gate(LIMITS)
    visit = arrived(gate, "192.0.2.1")
    assert list(gate.ready(0.0)) == [visit]
    assert visit.stage is Stage.SHAKING


def test_strangers_get_so_many_handshakes_each_second() -> None:
    """Beyond the budget of a second, strangers wait until there is more."""
    gate = Gate(LIMITS)
    for number in range(100):
        arrived(gate, f"192.0.2.{number}")
    first = list(gate.ready(0.0))
    for visit in first:
        gate.leave(visit)
    assert len(first) == 50
    assert not list(gate.ready(0.0))
    assert len(list(gate.ready(0.5))) == 25


def test_addresses_take_turns() -> None:
    """An address that floods the room makes another's visitor wait for one turn, not for the whole flood."""
    gate = Gate(LIMITS)
    for _ in range(500):
        arrived(gate, "203.0.113.9")
    patient = arrived(gate, "192.0.2.1")
    order = list(gate.ready(0.0))
    assert patient in order[:2]


def test_a_known_address_passes_a_flood() -> None:
    """Whoever showed a certificate within a day does not wait, however many strangers do."""
    gate = Gate(LIMITS)
    vouched(gate, "192.0.2.1", "a host")
    for number in range(2000):
        arrived(gate, f"10.0.{number // 250}.{number % 250}")
    list(gate.ready(0.0))
    assert arrived(gate, "192.0.2.1", 3600.0).stage is Stage.PASSING
    assert arrived(gate, "192.0.2.1", 90_000.0).stage is Stage.WAITING


def test_those_who_wait_pass_when_their_address_becomes_known() -> None:
    """Many agents behind one address need one of them to be let in; the others follow at once."""
    gate = Gate(replace(LIMITS, strangers_per_second=1))
    visits = [arrived(gate, "192.0.2.1") for _ in range(300)]
    (first,) = gate.ready(0.0)
    gate.vouch(first, "host 0", lambda: None, 0.0)
    assert list(gate.ready(0.0)) == visits[1:]
    assert gate.waiting == 0


def test_what_one_gate_knows_another_can_learn() -> None:
    """Addresses are told once each, some at a time, and pass a flood wherever they were learnt."""
    leader, standby = Gate(LIMITS), Gate(LIMITS)
    for number in range(5):
        vouched(leader, f"192.0.2.{number}", f"host-{number}", now=float(number))
    vouched(leader, "192.0.2.0", "host-0", now=9.0)
    after, first = leader.news(0, 3)
    end, rest = leader.news(after, 3)
    assert [*first, *rest] == [f"192.0.2.{number}" for number in range(5)]
    assert leader.news(end, 3) == (end, [])
    standby.learn(first, 10.0)
    assert arrived(standby, "192.0.2.0", 11.0).stage is Stage.PASSING
    assert arrived(standby, "192.0.2.4", 11.0).stage is Stage.WAITING


def test_news_of_addresses_do_not_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for what was forgotten gets what is left."""
    monkeypatch.setattr(gates, "_MOST_KNOWN", 10)
    gate = Gate(LIMITS)
    gate.learn((f"198.51.100.{number}" for number in range(45)), 0.0)
    end, left = gate.news(0, 1000)
    assert end == 45
    assert 10 <= len(left) <= 20
    assert left[-1] == "198.51.100.44"


def test_a_known_address_cannot_flood_either() -> None:
    """Beyond what a large fleet behind NAT needs, visits from a known address wait like those of strangers."""
    gate = Gate(LIMITS)
    vouched(gate, "192.0.2.1", "a host")
    stages = Counter(arrived(gate, "192.0.2.1").stage for _ in range(1500))
    assert stages == {Stage.PASSING: 1000, Stage.WAITING: 500}


def test_one_address_cannot_hoard_connections() -> None:
    """Connections without a certificate are few per address; more visitors from there wait, and others need not."""
    gate = Gate(replace(LIMITS, strangers_per_second=1000))
    for _ in range(200):
        arrived(gate, "203.0.113.9")
    stayed = [gate.admit(visit) for visit in gate.ready(0.0)]
    other = arrived(gate, "192.0.2.1")
    assert stayed == [True] * 20
    assert list(gate.ready(0.0)) == [other]


def test_a_known_address_cannot_hoard_connections_without_certificate() -> None:
    """A known address gets its handshakes, but keeps no more open connections without certificate than others."""
    gate = Gate(LIMITS)
    vouched(gate, "192.0.2.1", "a host")
    stayed = [gate.admit(arrived(gate, "192.0.2.1")) for _ in range(30)]
    assert stayed == [True] * 20 + [False] * 10
    assert gate.refused["strangers_per_address"] == 10


def test_a_host_keeps_its_newest_connections() -> None:
    """A host that reconnects more often than its old connections end loses the oldest, never the newest."""
    gate = Gate(LIMITS)
    ended: list[int] = []
    for number in range(4):
        visit = arrived(gate, "192.0.2.1")
        gate.vouch(visit, "a host", lambda number=number: ended.append(number), 0.0)  # type: ignore[misc]
    assert ended == [0, 1]
    assert gate.stages[Stage.HOLDER] == 2


def test_a_holder_may_be_given_more_connections() -> None:
    """Whoever speaks for many is not held to what one host may have."""
    gate = Gate(LIMITS)
    ended: list[int] = []
    for number in range(4):
        visit = arrived(gate, "192.0.2.1")
        gate.vouch(visit, "a standby", lambda number=number: ended.append(number), 0.0, most=3)  # type: ignore[misc]
    assert ended == [0]


def test_there_is_an_end_to_connections() -> None:
    """Beyond the total, a connection is refused whoever it is from, and taken again once another has left."""
    gate = Gate(replace(LIMITS, connections=3))
    visits = [vouched(gate, f"192.0.2.{number}", str(number)) for number in range(3)]
    assert gate.arrive("192.0.2.1", 0.0) is None
    gate.leave(visits[0])
    assert gate.arrive("192.0.2.1", 0.0) is not None
    assert gate.refused == {"connections": 1}


def test_nobody_waits_for_ever() -> None:
    """A stranger who was not let in within ten seconds is turned away."""
    gate = Gate(replace(LIMITS, strangers_per_second=1))
    visits = [arrived(gate, "203.0.113.9", number / 10) for number in range(50)]
    entered = list(gate.ready(5.0))
    late = list(gate.overdue(11.0))
    assert late == [visit for visit in visits if visit.arrived <= 1.0 and visit not in entered]
    assert all(visit.stage is Stage.GONE for visit in late)


@pytest.mark.parametrize("addresses", [1, 100_000])
def test_the_room_is_bounded(addresses: int) -> None:
    """However many connect, from one address or from very many, only so many wait, and the others are refused."""
    gate = Gate(replace(LIMITS, connections=1_000_000))
    for number in range(10_000):
        gate.arrive(f"{number % addresses}", 0.0)
    assert gate.waiting == (gates.ROOM_PER_ADDRESS if addresses == 1 else gates.ROOM)
    assert gate.refused["waiting"] == 10_000 - gate.waiting


def test_strangers_leave_room_on_a_small_listener() -> None:
    """Where there are few connections in all, a flood of strangers takes not nearly all of them."""
    gate = ingest_gate(IngestSettings(max_connections=100), LimitSettings())
    vouched(gate, "192.0.2.1", "a host")
    now = 0.0
    for number in range(1000):
        now += 0.01
        gate.arrive(f"10.0.{number // 250}.{number % 250}", now)
        for visit in gate.ready(now):
            gate.admit(visit)
    assert gate.stages[Stage.STRANGER] == gate.waiting == 25
    assert arrived(gate, "192.0.2.1", now).stage is Stage.PASSING


MOVES = st.lists(
    st.tuples(st.sampled_from(["arrive", "ready", "admit", "vouch", "leave", "late"]), st.integers(0, 5)), max_size=80
)


@given(MOVES)
def test_nothing_is_left_behind(moves: list[tuple[str, int]]) -> None:
    """After any history, once every visit has left, the gate counts nobody, and never counted anybody twice."""
    gate = Gate(replace(LIMITS, strangers=4, strangers_per_address=2, connections=12))
    visits: list[Visit] = []
    now = 0.0
    for move, number in moves:
        now += 0.1
        live = [visit for visit in visits if visit.stage in {Stage.SHAKING, Stage.PASSING}]
        match move:
            case "arrive":
                visit = gate.arrive(f"192.0.2.{number}", now)
                visits += [visit] if visit else []
            case "ready":
                list(gate.ready(now))
            case "late":
                now += 3.0
                list(gate.overdue(now))
            case "leave" if visits:
                gate.leave(visits[number % len(visits)])
            case "admit" if live:
                gate.admit(live[number % len(live)])
            case "vouch" if live:
                gate.vouch(live[number % len(live)], f"host {number}", lambda: None, now)
        open_now = Counter(visit.stage for visit in visits if visit.stage is not Stage.GONE)
        assert +gate.stages == open_now
        assert open_now.total() <= 12
    for visit in visits:
        gate.leave(visit)
    assert not +gate.stages
    assert not gate._strangers
    assert not gate._room
    assert not gate._holders
