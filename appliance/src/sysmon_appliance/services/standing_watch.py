"""What the coordinator knows, at hand at any time."""

import asyncio
import contextlib
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.leadership import Coordinator, Standing
from sysmon_appliance.errors import CoordinatorUnreachableError

_WAIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.5


class StandingWatch:
    """Follows the coordinator; belongs to the event loop. `run` must be a task of whoever owns it."""

    def __init__(self, coordinator: Coordinator, clock: Clock) -> None:
        self._coordinator = coordinator
        self._clock = clock
        self._changed = asyncio.Event()
        self._standing: Standing | None = None
        self.troubled: float | None = None  # monotonic second at which it last did not answer
        self.trouble = "Consul was not asked yet."

    @property
    def standing(self) -> Standing | None:
        """The newest standing; None while the coordinator does not answer."""
        return None if self.trouble else self._standing

    @property
    def last(self) -> Standing:
        """The newest standing that was ever read."""
        return self._standing or Standing()

    async def run(self) -> NoReturn:
        while True:
            index = 0 if self.trouble or self._standing is None else self._standing.index
            try:
                self._standing = await asyncio.to_thread(self._coordinator.wait, index, _WAIT_SECONDS)
                self.trouble = ""
            except CoordinatorUnreachableError as error:
                self.trouble, self.troubled = error.message, self._clock.monotonic()
                await asyncio.sleep(_PAUSE_SECONDS)
            self._changed.set()

    async def change(self, seconds: float) -> None:
        """Return after the next change, or after some seconds."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
