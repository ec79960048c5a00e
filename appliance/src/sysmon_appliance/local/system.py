"""The running local mode: which programs, with which settings, in which order."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.errors import StorageError
from sysmon_appliance.local.children import Child, Program, ending
from sysmon_appliance.local.enrolling import Enrolling
from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.joining import MakeToken, Trust, host_at
from sysmon_appliance.local.notify import ReadySignal
from sysmon_appliance.local.places import Running, say_running
from sysmon_appliance.local.plan import Plan
from sysmon_appliance.local.simulated import SimulatedHosts

Prepare = Callable[[], Awaitable[None]]
"""What must be done before a program can be started."""


class LocalSystem:
    """An aggregator and what pushes to it.

    Parameters
    ----------
    trust
        Tells which identities are good.
    make_token
        Makes a join token, once the aggregator is ready.
    """

    def __init__(
        self,
        folder: LocalFolder,
        chosen: Plan,
        environ: Mapping[str, str],
        *,
        trust: Trust,
        make_token: MakeToken,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._plan = chosen
        self._environ = {name: value for name, value in environ.items() if name != "NOTIFY_SOCKET"}
        self._trust = trust
        self._make_token = make_token
        self._clock = clock
        self._say = say

    async def run(
        self, stop: asyncio.Event, ready: Callable[[], None], simulated: SimulatedHosts | None = None
    ) -> None:
        """Start the aggregator, call `ready`, start the rest, and keep all alive until `stop` is set.

        Raises
        ------
        StorageError
            The aggregator ended before it was ready.
        """
        with ReadySignal(self._plan.socket.with_name("ready.sock")) as readiness:
            aggregator = self._child(self._aggregator(readiness))
            enrolling = self._enrolling()
            try:
                await aggregator.start()
                if enrolling is not None:
                    await enrolling.begin()
                if await self._is_ready(aggregator, readiness, stop):
                    say_running(self._folder.root, Running(os.getpid(), self._plan.socket, str(self._plan.console)))
                    if enrolling is not None:
                        enrolling.go_ahead()
                    await asyncio.to_thread(ready)
                    await self._push(aggregator, stop, self._pushing(enrolling, simulated))
            finally:
                if enrolling is not None:
                    await enrolling.drop()
                await aggregator.stop()
                say_running(self._folder.root, None)

    async def _is_ready(self, aggregator: Child, readiness: ReadySignal, stop: asyncio.Event) -> bool:
        """Wait until the aggregator is ready (True) or `stop` is set (False)."""
        waits = {asyncio.create_task(wait) for wait in (readiness.wait(), stop.wait(), aggregator.ended())}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if aggregator.running:
            return not stop.is_set()
        code = await aggregator.ended()
        raise StorageError(
            f"The aggregator {ending(code)} before it was ready. {aggregator.last_words(code)}",
            hint=f"sysmon-aggregator config check --config {self._folder.aggregator_file}",
        )

    async def _push(self, aggregator: Child, stop: asyncio.Event, pushing: Mapping[Child, Prepare]) -> None:
        """Run what sends, and end it before the aggregator, so that its last ticks find somebody."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(aggregator.keep())
            lives = [tasks.create_task(_live(child, prepare)) for child, prepare in pushing.items()]
            await stop.wait()
            for life in lives:
                life.cancel()
            for child in (*pushing, aggregator):
                await child.stop()

    def _pushing(self, enrolling: Enrolling | None, simulated: SimulatedHosts | None) -> Mapping[Child, Prepare]:
        """Return what sends, and what it needs first."""
        pushing: dict[Child, Prepare] = {self._child(self._agent()): enrolling.finish if enrolling else _nothing}
        if simulated is not None:
            prepare = partial(asyncio.to_thread, simulated.prepare, self._trust, self._make_token)
            pushing[self._child(simulated.program)] = prepare
        return pushing

    def _enrolling(self) -> Enrolling | None:
        """Return how the agent gets its identity, unless it has one that is good, or need not come from here."""
        identity = self._plan.identity
        if identity is None or self._trust.renews(identity):
            return None
        make_token = partial(self._make_token, replaces=host_at(Path(identity.certificate)))
        return Enrolling(self._enrolment(), make_token, say=self._say)

    def _child(self, program: Program) -> Child:
        return Child(program, clock=self._clock, say=self._say)

    def _aggregator(self, readiness: ReadySignal) -> Program:
        arguments = ["-m", "sysmon_appliance.cli.aggregator", "run", "--config", str(self._folder.aggregator_file)]
        return self._program("aggregator", arguments, {**self._plan.aggregator, **readiness.environment})

    def _agent(self) -> Program:
        arguments = ["-m", "sysmon_agent", "run", "--config", str(self._folder.agent_file)]
        return self._program("agent", arguments, self._plan.agent)

    def _enrolment(self) -> Program:
        arguments = ["-m", "sysmon_agent", "enroll", "--force", "--no-wait", "--token-file", "-"]
        return self._program("agent", [*arguments, "--config", str(self._folder.agent_file)], self._plan.agent)

    def _program(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Program:
        return Program(name, arguments, self._folder.logs / f"{name}.log", {**self._environ, **environment})


async def _live(child: Child, prepare: Prepare) -> None:
    await prepare()
    await child.start()
    await child.keep()


async def _nothing() -> None:
    """Prepare what needs no preparation."""
