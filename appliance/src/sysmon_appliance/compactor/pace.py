"""Working no more than half of the time, on one core, so that ingest has the rest."""

from collections.abc import Callable

_SHARE = 0.5
_SHORTEST_SECONDS = 0.02


class Pace:
    """Rests as long as was worked.

    Parameters
    ----------
    worked, passed
        Seconds of processor time that this process has used, its start included, and of real time since some moment.
    rest
        Waits for so many seconds.
    """

    def __init__(
        self, worked: Callable[[], float], passed: Callable[[], float], rest: Callable[[float], object]
    ) -> None:
        self._worked = worked
        self._passed = passed
        self._rest = rest
        self._before = 0.0, passed() - worked()  # a start takes as much as many a job

    def breathe(self) -> None:
        """Rest, if there is something to rest from; called often, between small pieces of work."""
        worked = self._worked() - self._before[0]
        passed = self._passed() - self._before[1]
        if worked < _SHORTEST_SECONDS:
            return
        due = worked / _SHARE - passed
        if due > 0:
            self._rest(due)
        self._before = self._worked(), self._passed()
