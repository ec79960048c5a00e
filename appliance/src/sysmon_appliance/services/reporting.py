"""A standby tells the leader how far it has read back: at once when that is further, and at least each second."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import NoReturn, Protocol

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.durability import ReadBack
from sysmon_appliance.domain.leadership import Holder, Node
from sysmon_appliance.domain.topology import Progress

_log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 2.0
"""A leader stops waiting for a standby that says nothing for four seconds."""


class Link(Protocol):
    """Reaches the leader; blocks in bounded time, and raises a SysmonError where that fails."""

    def report(self, address: str, node: Node, read_back: ReadBack) -> Progress: ...


class Reporting:
    """Belongs to the event loop; `run` must be a task of whoever owns it.

    Parameters
    ----------
    holder
        Returns who leads; None where nobody is known to.
    read_back
        Returns how far this node has read; None before it has read anything.
    heard
        Called with each answer of the leader.
    draw
        Returns a number from 0 to 1, by chance, that spreads what is tried again.
    """

    def __init__(
        self,
        link: Link,
        own: Node,
        *,
        holder: Callable[[], Holder | None],
        read_back: Callable[[], ReadBack | None],
        heard: Callable[[Progress], None],
        draw: Callable[[], float],
    ) -> None:
        self._link = link
        self._own = own
        self._holder = holder
        self._read_back = read_back
        self._heard = heard
        self._draw = draw
        self._further = asyncio.Event()
        self._failures = 0

    def wake(self) -> None:
        """Say that more was read."""
        self._further.set()

    async def run(self) -> NoReturn:
        while True:
            self._further.clear()
            if await self._report():
                await self._news()
            else:
                await asyncio.sleep(self._pause())

    async def _report(self) -> bool:
        """Report once where there is something to say and somebody to hear it; return whether that went well."""
        holder, read_back = self._holder(), self._read_back()
        if holder is None or holder.node.name == self._own.name or read_back is None:
            return True
        try:
            progress = await asyncio.to_thread(self._link.report, holder.node.ingest, self._own, read_back)
        except SysmonError as error:
            self._note_failure(error)
            return False
        self._failures = 0
        self._heard(progress)
        return True

    async def _news(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INTERVAL_SECONDS):
                await self._further.wait()

    def _note_failure(self, error: SysmonError) -> None:
        if not self._failures:
            _log.warning("The leader cannot be told how far this standby is.", extra={"detail": error.message})
        self._failures += 1

    def _pause(self) -> float:
        """Return how long to wait after the newest failure; each time longer, and never as long as another node."""
        ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures - 1, 10))
        return ceiling * self._draw()
