"""Time as an argument: nothing else in the product reads a clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """The three clocks of a host. Tests hand in one that stands still."""

    def wall_ms(self) -> int:
        """Milliseconds since the epoch; steps when someone sets the time."""

    def boot_ms(self) -> int:
        """Milliseconds since boot, sleep included; never steps."""

    def monotonic(self) -> float:
        """Seconds since some moment; never steps."""


class SystemClock:
    """The kernel's clocks."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def boot_ms(self) -> int:
        return time.clock_gettime_ns(_BOOT_CLOCK) // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


# CLOCK_BOOTTIME is Linux's; elsewhere the monotonic clock is the nearest thing.
_BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
