"""The collecting half: measure when it is due, and put it into the spool."""

import logging
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Protocol

from sysmon_agent.clock import Clock
from sysmon_agent.loop.schedule import Schedule, absence
from sysmon_agent.spool import Spool, Tick
from sysmon_agent.wire.messages import ClockPair, GapReason, Schema, TableRows

if TYPE_CHECKING:
    from array import array

_log = logging.getLogger(__name__)


class Sampled(Protocol):
    """One look at the host, as `sysmon_agent.collectors` gives it."""

    @property
    def schema(self) -> Schema: ...
    @property
    def values(self) -> "array[float]": ...
    @property
    def tables(self) -> tuple[TableRows, ...]: ...


class Collecting:
    """Takes a tick in each slot of the schedule; what it cannot take, it declares.

    Parameters
    ----------
    measure
        Looks at the host once.
    grown
        Called after each tick.
    """

    def __init__(
        self,
        measure: Callable[[], Sampled],
        spool: Spool,
        clock: Clock,
        *,
        boot_id: bytes,
        interval_ms: int,
        grown: Callable[[], None],
    ) -> None:
        self._measure = measure
        self._spool = spool
        self._clock = clock
        self._grown = grown
        self._schedule = Schedule(clock.boot_ms(), interval_ms)
        self._declare_absence(boot_id, interval_ms)

    def run(self, stop: Event) -> None:
        """Collect until `stop` is set; then the last tick is on disk."""
        while not stop.is_set():
            self.collect()
            stop.wait(self.seconds_to_next())

    def collect(self) -> None:
        """Take the tick that is due now."""
        missed = self._schedule.take(self._clock.boot_ms())
        if missed:
            _log.warning("Ticks were missed: this process did not get to run.", extra={"ticks": missed})
            self._spool.skip(missed, GapReason.OVERRUN)
        wall_ms, boot_ms = self._clock.wall_ms(), self._clock.boot_ms()
        sampled = self._measure()
        self._spool.append(Tick(sampled.schema, wall_ms, boot_ms, sampled.values, sampled.tables))
        self._grown()

    def seconds_to_next(self) -> float:
        return max(self._schedule.due_ms - self._clock.boot_ms(), 0) / 1000

    def _declare_absence(self, boot_id: bytes, interval_ms: int) -> None:
        newest = self._spool.newest
        if newest is None:
            return
        now = ClockPair(self._clock.wall_ms(), self._clock.boot_ms())
        declared = self._spool.declared_since
        for ticks, reason in absence(newest, now, boot_id=boot_id, interval_ms=interval_ms, declared=declared):
            _log.info("Ticks were missed while the agent did not run.", extra={"ticks": ticks, "reason": reason.name})
            self._spool.skip(ticks, reason)
