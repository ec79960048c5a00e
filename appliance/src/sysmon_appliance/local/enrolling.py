"""How this host's own agent gets its identity: as on any other host, by `sysmon-agent enroll`.

The command is started together with the aggregator and loads what it needs meanwhile; then it waits for its token.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from sysmon_agent.errors import SysmonError
from sysmon_appliance.local.children import Program, ending, spawn
from sysmon_appliance.local.run_log import RunLog

FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Errand:
    """One run of a program that waits for something on its standard input."""

    process: asyncio.subprocess.Process
    log: RunLog

    @classmethod
    async def begin(cls, program: Program) -> Self:
        log = RunLog(program.log)
        with log.begin() as file:
            return cls(await spawn(program, file, stdin=asyncio.subprocess.PIPE), log)

    async def finish(self, given: str) -> str:
        """Hand over the input, wait for the end, and return what went wrong; empty where nothing did."""
        await self.process.communicate(given.encode())
        code = self.process.returncode or 0
        return f"The command {ending(code)}. {self.log.last_words(code)}" if code else ""

    async def drop(self) -> None:
        """End it, if it has not ended."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


class Enrolling:
    """Enrols this host, however often that must be tried.

    Parameters
    ----------
    make_token
        Asks the aggregator for a token; raises SysmonError.
    """

    def __init__(self, program: Program, make_token: Callable[[], str], *, say: Callable[[str], None]) -> None:
        self._program = program
        self._make_token = make_token
        self._say = say
        self._errand: Errand | None = None
        self._first: asyncio.Task[str] | None = None

    async def begin(self) -> None:
        """Start the command before the aggregator is ready."""
        self._errand = await Errand.begin(self._program)

    def go_ahead(self) -> None:
        """Try for the first time, beside whatever else happens when the aggregator is ready."""
        self._first = asyncio.create_task(self._attempt())

    async def finish(self) -> None:
        """Return when this host is enrolled."""
        pause = FIRST_PAUSE_SECONDS
        while problem := await self._outcome():
            self._say(f"This host is not enrolled; it is tried again in {pause:g} s. {problem}")
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

    async def drop(self) -> None:
        """Give up."""
        if self._first is not None:
            self._first.cancel()
        if self._errand is not None:
            await self._errand.drop()

    async def _outcome(self) -> str:
        """Return what comes of the attempt that is under way, or of another one."""
        first, self._first = self._first, None
        return await (first or self._attempt())

    async def _attempt(self) -> str:
        """Return what went wrong; empty where nothing did."""
        try:
            token = await asyncio.to_thread(self._make_token)
        except SysmonError as error:
            return error.message
        if self._errand is None:
            await self.begin()
        assert self._errand is not None  # noqa: S101 - it has just begun
        problem = await self._errand.finish(token)
        self._errand = None
        return problem
