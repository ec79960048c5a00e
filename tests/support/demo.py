"""Simulated hosts for tests: a standing clock, flat signals, identifiers that count."""

from itertools import count

from sysmon_appliance.demo.fleet import characters
from sysmon_appliance.demo.host import SimulatedHost, Surroundings
from sysmon_appliance.demo.recording import SIGNALS, Signals
from tests.support.clock import ManualClock

INTERVAL_MS = 2000
FLAT = Signals(dict.fromkeys(SIGNALS, (1.0,)))


def surroundings(clock: ManualClock, signals: Signals = FLAT) -> Surroundings:
    numbers = count(1)
    return Surroundings(
        signals=signals,
        clock=clock,
        identifier=lambda: next(numbers).to_bytes(16, "big"),
        interval_ms=INTERVAL_MS,
        version="1",
    )


def host(clock: ManualClock, position: int = 0) -> SimulatedHost:
    """Return the host at a position of the cast."""
    return SimulatedHost(characters(position + 1)[position], surroundings(clock))
