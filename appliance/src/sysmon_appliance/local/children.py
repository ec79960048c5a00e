"""Programs that local mode runs: how one is started, and how it is kept alive."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sysmon_agent.clock import Clock
from sysmon_appliance.local.run_log import RunLog
from sysmon_appliance.processes import die_with_this_one

STOP_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to run; always by this Python, so that nothing depends on PATH."""

    name: str  # as messages and the log file call it
    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str]  # all of it


class Child:
    """One program that is started again whenever it ends."""

    def __init__(self, program: Program, *, clock: Clock, say: Callable[[str], None]) -> None:
        self.program = program
        self._clock = clock
        self._say = say
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._log = RunLog(program.log)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        with self._log.begin() as log:
            self._process = await spawn(self.program, log)

    async def ended(self) -> int:
        """Wait for the end of the present run and return its exit code; negative is the signal that ended it."""
        return await self._process.wait() if self._process is not None else 0

    async def keep(self) -> None:
        """Start the program again whenever it ends, with growing pauses while it ends soon; return after `stop`."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            started = self._clock.monotonic()
            code = await self.ended()
            if self._stopping.is_set():
                return
            if self._clock.monotonic() - started > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._say(
                f"The {self.program.name} {ending(code)}; it starts again in {pause:g} s. {self.last_words(code)}"
            )
            if not await self._stopped_within(pause):
                await self.start()
            pause = min(pause * 2, MAX_PAUSE_SECONDS)

    async def stop(self, patience_seconds: float = STOP_SECONDS) -> None:
        """End the program, politely first."""
        self._stopping.set()
        process = self._process
        if process is None or not self.running:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), patience_seconds)
        except TimeoutError:
            process.kill()
            await process.wait()

    def last_words(self, code: int) -> str:
        """Quote what the run which ended has logged, and name the log."""
        return self._log.last_words(code)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True


async def spawn(
    program: Program, log: IO[bytes], *, stdin: int = asyncio.subprocess.DEVNULL
) -> asyncio.subprocess.Process:
    """Start a program that ends when this one does."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *program.arguments,
        stdin=stdin,
        stdout=log,
        stderr=log,
        env=program.environment,
        process_group=0,  # Ctrl-C reaches local mode alone, which then stops its children in order
        preexec_fn=die_with_this_one(),
    )


def ending(code: int) -> str:
    """Say how a program ended, by what `Child.ended` returned."""
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
