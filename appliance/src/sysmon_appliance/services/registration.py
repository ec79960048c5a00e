"""Keeping a catalogue of others in step with the hosts that are monitored.

What is there is read when a term begins, once an hour, and after a failure; in between it is remembered, so that only
what differs is written, a few entries a second. Nothing else depends on it, and it may fail for as long as it likes.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.registry import Entry, Registry
from sysmon_appliance.errors import CoordinatorUnreachableError

_log = logging.getLogger(__name__)

AT_ONCE = 20
"""Entries that are written, and as many that are removed, in one step."""

_TOGETHER = 250  # hosts that are looked at without letting others run; that takes a millisecond
_SETTLING_SECONDS = 10.0  # after a takeover, until agents have found the new leader
_BUSY_SECONDS = 1.0
_ROUND_SECONDS = 5.0
_FAILED_SECONDS = 30.0
_READ_AGAIN_SECONDS = 3600.0


class Registration:
    """Belongs to the event loop of whoever leads.

    Parameters
    ----------
    hosts
        Returns what the catalogue should have.
    """

    def __init__(self, hosts: Callable[[], Iterable[Entry]], registry: Registry, clock: Clock) -> None:
        self._hosts = hosts
        self._registry = registry
        self._clock = clock
        self._known: dict[str, Entry] | None = None
        self._read_at = 0.0
        self._fits: dict[Entry, Entry] = {}
        self._works = True

    async def run(self) -> NoReturn:
        """Keep the catalogue in step until cancelled."""
        pause = _SETTLING_SECONDS
        while True:
            await asyncio.sleep(pause)
            pause = await self.step()

    async def step(self) -> float:
        """Bring the catalogue nearer to what it should be; return after how many seconds to go on."""
        try:
            is_done = await self._advance()
        except CoordinatorUnreachableError as error:
            self._note_failure(error)
            return _FAILED_SECONDS
        if not self._works:
            _log.warning("Hosts are entered in Consul's catalogue again.")
        self._works = True
        return _ROUND_SECONDS if is_done else _BUSY_SECONDS

    async def _advance(self) -> bool:
        known = await self._read()
        wanted = await self._wanted()
        entered = [entry for key, entry in wanted.items() if known.get(key) != entry]
        removed = [key for key in known if key not in wanted]
        if entered or removed:
            now, gone = entered[:AT_ONCE], removed[:AT_ONCE]
            await asyncio.to_thread(self._registry.write, now, gone)
            known.update((entry.key, entry) for entry in now)
            for key in gone:
                del known[key]
        return max(len(entered), len(removed)) <= AT_ONCE

    async def _read(self) -> dict[str, Entry]:
        now = self._clock.monotonic()
        if self._known is None or now >= self._read_at + _READ_AGAIN_SECONDS:
            self._known = dict(await asyncio.to_thread(self._registry.entries))
            self._read_at = now
        return self._known

    async def _wanted(self) -> dict[str, Entry]:
        """Fit what the catalogue should have; what has not changed since is not fitted again."""
        fits: dict[Entry, Entry] = {}
        for entry in self._hosts():
            fits[entry] = self._fits.get(entry) or self._registry.fitted(entry)
            if len(fits) % _TOGETHER == 0:
                await asyncio.sleep(0)
        self._fits = fits
        return {fitted.key: fitted for fitted in fits.values()}

    def _note_failure(self, error: CoordinatorUnreachableError) -> None:
        self._known = None
        if self._works:
            _log.warning("Hosts cannot be entered in Consul's catalogue.", extra={"problem": error.message})
        self._works = False
