"""Where to go after a failure, and after which pause."""

from collections.abc import Callable

from sysmon_agent.config.values import UplinkSettings
from sysmon_agent.uplink.backoff import Backoff
from sysmon_agent.uplink.route import Route

SPREAD_SECONDS = 1.0
"""Within this time a fleet comes to the leader that it was sent to."""

STEP_SECONDS = 0.25
"""Within this time it tries the next aggregator of a round."""

WAIT_SECONDS, MAX_WAITS = 2.0, 10
"""While nobody leads, a standby is asked again within this time, on the connection that there is: a hello costs a tenth
of a handshake. After so many times in vain another round begins, and the times become longer."""

MAX_RETRY_AFTER_SECONDS = 3600.0


class Journey:
    """A way through the known aggregators to one that takes what this agent has."""

    def __init__(self, route: Route, settings: UplinkSettings, draw: Callable[[], float]) -> None:
        self._route = route
        self._backoff = Backoff(settings.backoff_seconds, draw)
        self._longest_wait = settings.backoff_seconds
        self._draw = draw
        self._waits = 0
        self._left = ""  # where nothing became durable: if the others cannot help, ticks can be stored there at least

    @property
    def is_smooth(self) -> bool:
        """Whether the present aggregator took something, and nothing has failed since."""
        return not self._backoff.failures

    def arrive(self) -> None:
        """Take note that the present aggregator has everything, or takes it."""
        self._route.arrive()
        self._waits = 0
        self._left = ""

    def settle(self) -> None:
        """Take note that a batch was taken: later failures are new ones."""
        self._backoff.reset()
        self.arrive()

    def go_on(self) -> float:
        """Go to the next aggregator of the round, or begin another round; return the seconds to wait before."""
        if self._route.advance():
            return STEP_SECONDS * self._draw()
        self._route.start_round(self._left)
        self._left = ""
        return self._backoff.pause()

    def leave(self) -> float:
        """Go on from an aggregator at which nothing becomes durable, to come back if nobody else can help."""
        self._left = self._route.current
        return self.go_on()

    def follow(self, leader: str) -> float | None:
        """Go to the leader that was named; None where that is nobody new."""
        return SPREAD_SECONDS * self._draw() if self._route.follow(leader) else None

    def wait(self) -> float | None:
        """Return for how long to wait for a leader at a standby; None where it is time to look elsewhere."""
        if self._left:
            return None
        self._waits += 1
        if self._waits % MAX_WAITS == 0:
            return None
        return self._draw() * min(WAIT_SECONDS * max(1.0, self._waits / MAX_WAITS), self._longest_wait)

    def at_once(self) -> float:
        """Count a failure after which the same aggregator is tried again without a pause."""
        self._backoff.pause()
        return 0.0

    def pause(self, asked_seconds: float) -> float:
        """Return the pause after a refusal: what was asked for, a little spread, or what failures in a row earn."""
        if asked_seconds > 0:
            return self._backoff.requested(min(asked_seconds, MAX_RETRY_AFTER_SECONDS))
        return self._backoff.pause()

    def turn(self) -> None:
        """Have the next aggregator tried after the pause."""
        if not self._route.advance():
            self._route.start_round(self._left)
