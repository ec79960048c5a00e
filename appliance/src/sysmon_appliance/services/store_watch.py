"""Knowing whether the object store answers before somebody needs it."""

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

from sysmon_appliance.errors import StoreUnreachableError

_log = logging.getLogger(__name__)

_ROUND_SECONDS = 300.0


class StoreWatch:
    """Asks the store for next to nothing, now and then; the log has when it went away and when it came back."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._answers = True

    async def run(self) -> NoReturn:
        """Ask every five minutes, until cancelled."""
        while True:
            await self.step()
            await asyncio.sleep(_ROUND_SECONDS)

    async def step(self) -> None:
        """Ask once."""
        try:
            await asyncio.to_thread(self._ask)
        except StoreUnreachableError as error:
            if self._answers:
                _log.error(
                    "The object store does not answer; new history waits in the live database.",
                    extra={"problem": error.message},
                )
            self._answers = False
            return
        if not self._answers:
            _log.warning("The object store answers again.")
        self._answers = True
