"""Telling two agents with one certificate from one agent with several lives."""

from sysmon_appliance.domain.clones import WINDOW_MS, Incarnation, Incarnations

A, B = (Incarnation(name * 16, name * 16) for name in (b"a", b"b"))
MINUTE_MS = 60_000


class Host:
    """A host whose agents say hello a minute apart."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.incarnations = Incarnations()

    def greet(self, who: Incarnation, *, minutes: int = 1, active: bool = True) -> bool:
        """Say hello after some minutes, in which the current one was heard or not."""
        heard_ms = self.now_ms
        self.now_ms += minutes * MINUTE_MS
        return self.incarnations.greet(who, now_ms=self.now_ms, active_ms=self.now_ms if active else heard_ms)


def test_two_agents_that_take_turns_are_found_out() -> None:
    """Of two agents under one certificate, the one that came second is refused once both have come back."""
    host = Host()
    assert [host.greet(who) for who in (A, B, A, B)] == [True, True, True, False]


def test_the_first_agent_keeps_being_welcome() -> None:
    """The agent that was there first is not refused for its clone's sake."""
    host = Host()
    for who in (A, B, A, B):
        host.greet(who)
    assert host.greet(A)


def test_a_rollback_is_no_clone() -> None:
    """An agent that was rolled back and never returns to its old stream is welcome."""
    host = Host()
    assert all(host.greet(who) for who in (A, A, B, B, B))


def test_many_reboots_are_no_clone() -> None:
    """A host that reboots every minute is welcome each time."""
    host = Host()
    boots = [Incarnation(bytes([number]) * 16, A.stream_id) for number in range(100)]
    assert all(host.greet(boot) for boot in boots)


def test_reconnecting_is_no_clone() -> None:
    """An agent that says hello on each of many connections is welcome."""
    host = Host()
    assert all(host.greet(A) for _ in range(50))


def test_the_clone_is_let_in_after_the_first_agent_fell_silent() -> None:
    """When the first agent has been silent for a quarter of an hour, the other may speak for the host."""
    host = Host()
    for who in (A, B, A, B):
        host.greet(who)
    silence = WINDOW_MS // MINUTE_MS + 1
    assert not host.greet(B, minutes=1, active=False)
    assert host.greet(B, minutes=silence, active=False)


def test_the_clone_stays_out_while_the_first_agent_is_heard() -> None:
    """A clone that tries for hours is refused for as long as the first agent delivers."""
    host = Host()
    for who in (A, B, A, B):
        host.greet(who)
    assert not any(host.greet(B, minutes=5) for _ in range(100))


def test_turns_far_apart_are_no_clone() -> None:
    """Restoring an old copy of a host and going back a day later is no clone."""
    host = Host()
    assert all(host.greet(who, minutes=24 * 60, active=False) for who in (A, B, A, B))


def test_a_clock_that_was_set_back_does_not_lengthen_the_silence() -> None:
    """When the aggregator's clock goes back by a year, a host that lost its twin is let in after the same quarter."""
    host = Host()
    host.now_ms = 365 * 24 * 60 * MINUTE_MS
    for who in (A, B, A, B):
        host.greet(who)
    host.now_ms = 0
    assert not host.greet(B, minutes=1, active=False)
    assert host.greet(B, minutes=WINDOW_MS // MINUTE_MS + 1, active=False)
