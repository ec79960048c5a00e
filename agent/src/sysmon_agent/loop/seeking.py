"""When a child asks Consul for aggregators, and enters this host there."""

from collections.abc import Callable

from sysmon_agent.clock import Clock


class Seeking:
    """Runs the child at the start, when it is wanted, and, where this host is to stay registered, every so often.

    Parameters
    ----------
    run
        Runs the child and waits for its end.
    every_ms
        0: only when it is wanted.
    """

    def __init__(self, run: Callable[[], None], clock: Clock, *, every_ms: int = 0) -> None:
        self._run = run
        self._clock = clock
        self._every_ms = every_ms
        self._due_ms = 0
        self._wanted = True

    def want(self) -> None:
        """Hear from another thread that no aggregator answers."""
        self._wanted = True

    def look(self) -> None:
        """Do what is due now."""
        now_ms = self._clock.boot_ms()
        if self._wanted or (self._every_ms and now_ms >= self._due_ms):
            self._wanted = False
            self._due_ms = now_ms + self._every_ms
            self._run()
