"""When the agent renews its certificate, and how it takes up a new one."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.errors import ExitCode
from sysmon_agent.identity import Certificate, read
from sysmon_agent.loop.renewing import (
    AT_ONCE_MS,
    EXPIRED_PAUSE_MS,
    FIRST_PAUSE_MS,
    LONGEST_PAUSE_MS,
    LOOK_SECONDS,
    SHORTEST_PAUSE_MS,
    SOON_MS,
    UNDECIDED_PAUSE_MS,
    Notice,
    Plan,
    Renewing,
)
from sysmon_agent.wire.messages import ClockPair
from sysmon_agent.wire.peer import Peer
from tests.support.authority import LocalAuthority
from tests.support.clock import ManualClock
from tests.support.pushes import HOST

COPY = "f" * 32
HOUR = 3600


@dataclass
class Place:
    """Where a certificate lies, and the child that renews it: each attempt has the next outcome, the last for ever."""

    folder: Path
    clock: ManualClock
    outcomes: list[int] = field(default_factory=lambda: [0])
    attempts: list[bool] = field(default_factory=list)  # whether as a clone
    changes: list[bool] = field(default_factory=list)  # whether of another host

    def __post_init__(self) -> None:
        self.file = self.folder / "agent.pem"
        self._authority = LocalAuthority.open(self.folder / "pki", self.clock)
        self.put(HOST)
        self.renewing = Renewing(str(self.file), self.clock, renew=self._renew, draw=lambda: 0.5)
        self.look()

    def put(self, host_id: str) -> None:
        """Put a certificate of one hour there, to be renewed after forty minutes."""
        for old in (self.folder / "pki" / "agents").glob("*"):
            old.unlink()
        issued = self._authority.agent(host_id).certificate.read_text()
        self.file.write_text(f"renew-at-ms: {self.clock.wall_ms() + 40 * 60_000}\n{issued}")

    def look(self) -> None:
        self.renewing.look(self._changed)

    def _renew(self, *, clone: bool) -> int:
        self.attempts.append(clone)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome == ExitCode.OK:
            self.put(COPY if clone else HOST)
        return outcome

    def _changed(self, *, new_host: bool) -> None:
        self.changes.append(new_host)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, ManualClock())


def advance_until(place: Place, seconds: float, attempts: int) -> float:
    """Let minutes pass until there were so many attempts, or the time is over; return the seconds passed."""
    passed = 0.0
    while passed < seconds and len(place.attempts) < attempts:
        place.clock.advance(10)
        passed += 10
        place.look()
    return passed


def test_a_certificate_is_renewed_when_it_is_time(place: Place) -> None:
    """Nothing is done before the moment that the aggregator named; then the new one is taken up, once."""
    place.clock.advance(39 * 60)
    place.look()
    assert place.attempts == []
    place.clock.advance(365 * 24 * HOUR)
    assert advance_until(place, 60, 1) <= 60
    assert (place.attempts, place.changes) == ([False], [False])
    place.look()
    assert len(place.attempts) == 1


def test_an_expired_certificate_is_renewed_too(place: Place) -> None:
    """An agent that finds its certificate expired, as after a weekend without power, renews it within seconds."""
    expires_ms = read(str(place.file)).expires_ms
    place.clock.wall = expires_ms + 1
    again = Renewing(str(place.file), place.clock, renew=place._renew, draw=lambda: 0.5)
    again.look(place._changed)
    assert place.attempts == []
    place.clock.advance(AT_ONCE_MS / 1000)
    again.look(place._changed)
    assert place.attempts == [False]


def test_an_aggregator_may_ask_for_it(place: Place) -> None:
    """Asked by an aggregator, the agent renews within ten minutes, once, however often it is asked."""
    for _ in range(5):
        place.renewing.notice(Notice.RENEW)
        place.look()
    assert place.attempts == []
    passed = advance_until(place, SOON_MS / 1000, 1)
    assert 60 < passed <= SOON_MS / 1000
    advance_until(place, 1200, 2)
    assert len(place.attempts) == 1


def test_an_aggregator_that_sees_it_expired_is_believed(place: Place) -> None:
    """Where the aggregator's clock is ahead of this host's, its word counts, and there is no time to lose."""
    place.renewing.notice(Notice.EXPIRED)
    place.look()
    assert advance_until(place, 60, 1) <= AT_ONCE_MS / 1000


def test_failures_are_spaced(place: Place) -> None:
    """An attempt that failed is repeated after a minute at first, then ever later."""
    place.outcomes = [int(ExitCode.UNREACHABLE)]
    place.renewing.notice(Notice.EXPIRED)
    place.look()
    advance_until(place, 60, 1)
    pauses = [advance_until(place, 4 * HOUR, number) for number in range(2, 6)]
    assert pauses == sorted(pauses)
    assert pauses[0] >= FIRST_PAUSE_MS / 2000
    assert place.changes == []


def test_a_copy_asks_for_an_identity_of_its_own(place: Place) -> None:
    """An agent that is told that another uses its identity asks for one, waits, and becomes another host."""
    place.outcomes = [int(ExitCode.PARTIAL), int(ExitCode.PARTIAL), 0]
    place.renewing.notice(Notice.CLONED)
    place.look()
    assert place.attempts == [True]
    assert advance_until(place, 300, 3) <= 300
    assert (place.attempts, place.changes) == ([True] * 3, [True])


def test_a_copy_that_is_accepted_again_stops_asking(place: Place) -> None:
    """When aggregators stop calling this agent a copy, because the other one ended, it asks no longer."""
    place.outcomes = [int(ExitCode.PARTIAL)]
    place.renewing.notice(Notice.CLONED)
    place.look()
    advance_until(place, HOUR / 2, 1000)
    asked = len(place.attempts)
    advance_until(place, HOUR / 2, 1000)
    assert len(place.attempts) == asked


def test_a_file_that_somebody_replaced_is_taken_up(place: Place) -> None:
    """A certificate that was put there by other means is used without a restart, and so is another host's."""
    place.put(HOST)
    place.look()
    place.put(COPY)
    place.look()
    assert (place.attempts, place.changes) == ([], [False, True])


def test_a_host_that_is_not_enrolled_waits(place: Place) -> None:
    """Without a certificate nothing is attempted; the first one that comes is planned for."""
    place.file.unlink()
    place.renewing.notice(Notice.RENEW)
    place.look()
    place.file.write_text("nothing")
    place.look()
    assert place.attempts == []


def test_a_rest_is_waited_out_and_no_longer(place: Place) -> None:
    """The next look is at the end of a rest, however far away the renewal is, and within a minute in any case."""
    now = ClockPair(place.clock.wall_ms(), place.clock.boot_ms())
    plan = Plan(lambda: 0.5)
    assert plan.patience(now) == LOOK_SECONDS
    certificate = read(str(place.file))
    plan.follow(certificate, now)
    assert plan.patience(now) == LOOK_SECONDS
    plan.undecided(now)
    assert plan.patience(now) == UNDECIDED_PAUSE_MS * 0.75 / 1000
    plan.hasten(now, SOON_MS)
    assert plan.patience(now) == LOOK_SECONDS
    plan.follow(certificate, ClockPair(certificate.renew_at_ms - 1, now.boot_ms))
    assert 0 < plan.patience(ClockPair(certificate.renew_at_ms - 1, now.boot_ms)) <= LOOK_SECONDS


def test_a_clock_that_is_ahead_makes_no_storm() -> None:
    """Where even a new certificate is overdue by this host's clock, it is replaced in about an hour, not at once."""
    hour_ms = 1000 * HOUR
    certificate = Certificate(Peer("r", "agent", HOST), "1", "i", 0, 48 * hour_ms, 32 * hour_ms)
    right, ahead = Plan(lambda: 0.5), Plan(lambda: 0.5)
    for plan, wall_ms in ((right, hour_ms), (ahead, 40 * hour_ms)):
        plan.follow(certificate, ClockPair(wall_ms, 0))
        plan.renewed(ClockPair(wall_ms, 0))
    assert not right.rests(ClockPair(hour_ms, 0))
    assert not ahead.is_due(ClockPair(41 * hour_ms, LONGEST_PAUSE_MS // 2))
    assert ahead.is_due(ClockPair(41 * hour_ms, LONGEST_PAUSE_MS))


LEFT_MS = st.integers(-100 * 86_400_000, 100 * 86_400_000)


@given(LEFT_MS, st.integers(0, 40), st.floats(0, 1, exclude_max=True))
def test_pauses_have_bounds(left_ms: int, failures: int, drawn: float) -> None:
    """However long it has failed, and however near the end is, a pause is neither short nor endless."""
    plan = Plan(lambda: drawn)
    now = ClockPair(0, 0)
    certificate = Certificate(Peer("r", "agent", HOST), "1", "i", 0, left_ms, left_ms)
    for _ in range(failures + 1):
        plan.failed(now, certificate)
    longest = LONGEST_PAUSE_MS if left_ms > 0 else EXPIRED_PAUSE_MS
    assert plan.rests(ClockPair(0, SHORTEST_PAUSE_MS // 2 - 1))
    assert not plan.rests(ClockPair(0, longest))
