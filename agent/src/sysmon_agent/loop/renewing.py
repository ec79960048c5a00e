"""The renewing half: looks after this host's certificate.

The work is a child's, which loads what the resident program must not, and ends. What it leaves are files, so a
certificate that somebody else has put there, by hand or with Ansible, is taken up in the same way.
"""

import logging
from collections.abc import Callable, Sequence
from enum import Enum, auto
from threading import Event
from typing import Protocol

from sysmon_agent import identity
from sysmon_agent.clock import Clock
from sysmon_agent.errors import ExitCode, IdentityError
from sysmon_agent.identity import Certificate
from sysmon_agent.wire.messages import ClockPair

_log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
"""How often the file is looked at; clocks that step and machines that sleep cost no more than that."""

SOON_MS = 600_000
"""Within this time after an aggregator has asked for it a certificate is renewed."""

AT_ONCE_MS = 10_000
"""Within this time when nothing can be delivered without; even then a fleet does not come all at once."""

FIRST_PAUSE_MS, SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS = 60_000, 30_000, 3_600_000
EXPIRED_PAUSE_MS = 300_000
UNDECIDED_PAUSE_MS = 10_000
SPREAD = 0.2  # of what is left of a certificate's life when it is to be renewed
CLONE_MS = 900_000
"""How long an aggregator's word that this identity is another's stands; it repeats it at each hello."""


class Notice(Enum):
    """What the sending half hears from aggregators about the certificate."""

    RENEW = auto()  # it is to be renewed soon
    EXPIRED = auto()  # it has expired by the aggregator's clock
    CLONED = auto()  # another agent uses it


class Renew(Protocol):
    """Runs the child; returns its exit code."""

    def __call__(self, *, clone: bool) -> int: ...


class Changed(Protocol):
    """Is told of another certificate in the place of the one before, which may make this another host."""

    def __call__(self, *, new_host: bool) -> None: ...


class Plan:
    """When the next attempt is due: not before a moment of the wall clock, and not during a rest.

    Certificates live by the wall clock, which may step; rests are counted in boot time, which never does.
    """

    def __init__(self, draw: Callable[[], float]) -> None:
        self._draw = draw
        self._due_ms = 0  # wall clock
        self._rest_ms = 0  # boot clock
        self._failures = 0

    def follow(self, certificate: Certificate, now: ClockPair) -> None:
        """Plan the renewal of a certificate that was not here before."""
        room_ms = certificate.expires_ms - certificate.renew_at_ms
        self._due_ms = certificate.renew_at_ms + round(room_ms * SPREAD * self._draw())
        self._rest_ms = 0
        self._failures = 0
        if now.wall_ms >= self._due_ms:
            self.hasten(now, AT_ONCE_MS)

    def hasten(self, now: ClockPair, within_ms: int) -> None:
        """Be due at a moment within this time."""
        self._due_ms = 0
        self._rest_ms = now.boot_ms + round(within_ms * self._draw())

    def renewed(self, now: ClockPair) -> None:
        """Rest where the certificate that came is due again: a clock is wrong, and the next one would be no better."""
        if now.wall_ms >= self._due_ms:
            self._rest(now, LONGEST_PAUSE_MS, LONGEST_PAUSE_MS)

    def failed(self, now: ClockPair, certificate: Certificate) -> None:
        """Rest after an attempt that failed: longer each time, and shorter as the end comes near."""
        left_ms = certificate.expires_ms - now.wall_ms
        longest_ms = min(max(left_ms // 10, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS) if left_ms > 0 else EXPIRED_PAUSE_MS
        self._rest(now, FIRST_PAUSE_MS, longest_ms)

    def undecided(self, now: ClockPair) -> None:
        """Rest after an attempt that somebody has to decide about, who may be about to."""
        self._rest(now, UNDECIDED_PAUSE_MS, FIRST_PAUSE_MS)

    def _rest(self, now: ClockPair, first_ms: int, longest_ms: int) -> None:
        pause_ms = min(first_ms << min(self._failures, 16), longest_ms)
        self._rest_ms = now.boot_ms + round(pause_ms * (1 + self._draw()) / 2)
        self._failures += 1

    def is_due(self, now: ClockPair) -> bool:
        return now.wall_ms >= self._due_ms and not self.rests(now)

    def rests(self, now: ClockPair) -> bool:
        return now.boot_ms < self._rest_ms

    def patience(self, now: ClockPair) -> float:
        """Return the seconds after which to look again, all that is due having been done."""
        left_ms = (self._due_ms - now.wall_ms, self._rest_ms - now.boot_ms)
        return min([LOOK_SECONDS, *(left / 1000 for left in left_ms if left > 0)])


class Renewing:
    """Has the certificate renewed when that is due, and says when there is a new one.

    Parameters
    ----------
    path
        The certificate's file.
    renew
        Runs the child that renews it.
    draw
        Returns a random number from 0 to 1.
    errands
        Called at each look: what else needs children, and may take as long as they do.
    """

    def __init__(
        self,
        path: str,
        clock: Clock,
        *,
        renew: Renew,
        draw: Callable[[], float],
        errands: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._path = path
        self._clock = clock
        self._renew = renew
        self._errands = errands
        self._plan = Plan(draw)
        self._known: Certificate | None = None
        self._noticed: set[Notice] = set()  # since there is this certificate
        self._handled: set[Notice] = set()
        self._cloned_until_ms = 0  # boot clock
        self._woken = Event()
        self._stopping = False

    def run(self, changed: Changed) -> None:
        """Look after the certificate until `stop` is called."""
        while not self._stopping:
            self.look(changed)
            for errand in self._errands:
                errand()
            self._woken.wait(self._plan.patience(self._now()))
            self._woken.clear()

    def wake(self) -> None:
        """Look now; any thread may ask for it."""
        self._woken.set()

    def stop(self) -> None:
        self._stopping = True
        self._woken.set()

    def notice(self, notice: Notice) -> None:
        """Hear from another thread what an aggregator said; hearing it again costs nothing."""
        if notice not in self._noticed:
            self._noticed.add(notice)
            self._woken.set()

    def look(self, changed: Changed) -> None:
        """Do what is due now."""
        certificate = self._look_at_file(changed)
        if certificate is None:
            return  # this host is not enrolled; whoever enrols it leaves a file
        self._hear()
        now = self._now()
        cloned = now.boot_ms < self._cloned_until_ms
        if self._plan.is_due(now) or (cloned and not self._plan.rests(now)):
            self._attempt(certificate, changed, clone=cloned)

    def _look_at_file(self, changed: Changed) -> Certificate | None:
        try:
            found = identity.read(self._path)
        except IdentityError:
            return None
        before = self._known
        if before is None or found.serial != before.serial:
            self._known = found
            self._noticed.clear()
            self._handled.clear()
            self._cloned_until_ms = 0
            self._plan.follow(found, self._now())
            if before is not None:
                _log.info("Another certificate is in use.", extra={"host": found.peer.id, "serial": found.serial})
                changed(new_host=found.peer != before.peer)
        return found

    def _hear(self) -> None:
        for notice in self._noticed - self._handled:
            self._handled.add(notice)
            match notice:
                case Notice.RENEW:
                    self._plan.hasten(self._now(), SOON_MS)
                case Notice.EXPIRED:
                    self._plan.hasten(self._now(), AT_ONCE_MS)
                case Notice.CLONED:
                    self._cloned_until_ms = self._now().boot_ms + CLONE_MS
                    self._forget(notice)

    def _forget(self, notice: Notice) -> None:
        """Be ready to hear it again."""
        self._noticed.discard(notice)
        self._handled.discard(notice)

    def _attempt(self, certificate: Certificate, changed: Changed, *, clone: bool) -> None:
        code = self._renew(clone=clone)
        if code == ExitCode.OK:
            self._look_at_file(changed)
            self._plan.renewed(self._now())
        elif code == ExitCode.PARTIAL:  # it is being decided
            self._plan.undecided(self._now())
        else:
            self._plan.failed(self._now(), certificate)

    def _now(self) -> ClockPair:
        return ClockPair(self._clock.wall_ms(), self._clock.boot_ms())
