"""What readers find damaged."""

import asyncio
import contextlib
import logging
from queue import Empty, SimpleQueue
from typing import NoReturn

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.examining import Verdict
from sysmon_appliance.services.integrity import Integrity

_log = logging.getLogger(__name__)


class DamageReports:
    """Takes reports from any thread; a segment is set aside first and looked at then, so that answers go on."""

    def __init__(self, integrity: Integrity) -> None:
        self._integrity = integrity
        self._reported: SimpleQueue[str] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._acquitted: set[str] = set()  # found whole after a report

    def report(self, name: str) -> None:
        """Say that a segment could not be read, in any thread and as often as it happens; returns at once."""
        self._reported.put(name)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it all that reads
                self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> NoReturn:
        """Look into reports, until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            await self.step()
            await self._wake.wait()

    async def step(self) -> None:
        """Look into all that was reported so far."""
        while True:
            try:
                name = self._reported.get_nowait()
            except Empty:
                return
            try:
                await self._look_into(name)
            except SysmonError as error:
                _log.warning(
                    "A report of damage could not be looked into.", extra={"segment": name, "problem": error.message}
                )

    async def _look_into(self, name: str) -> None:
        segment = self._integrity.in_force(name)
        if segment is None or segment.damaged_ms:
            return
        await self._integrity.set_aside(segment)
        if name in self._acquitted:  # once more, though its bytes are as they were written: it stays aside
            return
        if await self._integrity.judge(segment) is Verdict.WHOLE:
            self._acquitted.add(name)
