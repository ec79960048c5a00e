"""The running local mode: which programs, with which settings, in which order."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_agent.config.addresses import Address
from sysmon_agent.config.reader import Reading, read, read_with_sources
from sysmon_agent.config.values import AgentSettings
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.errors import StorageError
from sysmon_appliance.local.children import Child, Program, ending
from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.notify import ReadySignal
from sysmon_appliance.local.places import Running, say_running, socket_folder
from sysmon_appliance.local.ports import free_address


@dataclass(frozen=True, slots=True)
class Plan:
    """What a start of local mode was decided to be."""

    ingest: Address
    console: Address
    socket: Path
    aggregator: Mapping[str, str]  # variables that differ from the settings file
    agent: Mapping[str, str]
    remarks: tuple[str, ...]  # what the user should know


def plan(folder: LocalFolder, environ: Mapping[str, str]) -> Plan:
    """Read the settings files and find free ports.

    Raises
    ------
    ConfigError
        A settings file has faults, or an address cannot be used at all.
    """
    aggregator = read(AggregatorSettings, path=folder.aggregator_file, environ=environ, overrides={})
    agent = read_with_sources(AgentSettings, path=folder.agent_file, environ=environ, overrides={})
    ingest = free_address(aggregator.ingest.listen, "ingest.listen")
    console = free_address(aggregator.console.listen, "console.listen")
    socket = socket_folder(folder.root, environ) / "aggregator.sock"
    wanted = {aggregator.ingest.listen: ingest, aggregator.console.listen: console}
    return Plan(
        ingest=ingest,
        console=console,
        socket=socket,
        aggregator={
            "SYSMON_INGEST__LISTEN": str(ingest),
            "SYSMON_CONSOLE__LISTEN": str(console),
            "SYSMON_CONSOLE__SOCKET": str(socket),
        },
        agent={"SYSMON_AGGREGATORS": ",".join(_aggregators(agent, aggregator.ingest.listen, ingest))},
        remarks=tuple(f"{old} is in use; using {new}." for old, new in wanted.items() if old != str(new)),
    )


def _aggregators(agent: Reading[AgentSettings], wanted: str, ingest: Address) -> tuple[str, ...]:
    """Return where the agent pushes to: to the aggregator beside it, unless its settings file says otherwise.

    Where the file names that aggregator and another port had to be used, the agent follows.
    """
    local = str(reachable(ingest))
    if not any(row.key == "aggregators" and row.is_set for row in agent.rows):
        return (local,)
    return tuple(local if address == wanted else address for address in agent.settings.aggregators)


def reachable(listening: Address) -> Address:
    """Return where a program on this machine reaches what listens there."""
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not listened on
    return Address(loopback.get(listening.host, listening.host), listening.port)


class LocalSystem:
    """An aggregator and what pushes to it."""

    def __init__(
        self, folder: LocalFolder, chosen: Plan, environ: Mapping[str, str], *, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._plan = chosen
        self._environ = {name: value for name, value in environ.items() if name != "NOTIFY_SOCKET"}
        self._clock = clock
        self._say = say

    async def run(self, stop: asyncio.Event, ready: Callable[[], None], *extra: Program) -> None:
        """Start the aggregator, call `ready`, start the rest, and keep all alive until `stop` is set.

        Raises
        ------
        StorageError
            The aggregator ended before it was ready.
        """
        with ReadySignal(self._plan.socket.with_name("ready.sock")) as readiness:
            aggregator = await self._start(self._aggregator(readiness))
            try:
                if await self._is_ready(aggregator, readiness, stop):
                    say_running(self._folder.root, Running(os.getpid(), self._plan.socket, str(self._plan.console)))
                    ready()
                    await self._push(aggregator, stop, [self._agent(), *extra])
            finally:
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

    async def _push(self, aggregator: Child, stop: asyncio.Event, programs: Sequence[Program]) -> None:
        """Run what sends, and end it before the aggregator, so that its last ticks find somebody."""
        async with asyncio.TaskGroup() as tasks:
            children = [await self._start(program) for program in programs]
            for child in (aggregator, *children):
                tasks.create_task(child.keep())
            await stop.wait()
            for child in (*children, aggregator):
                await child.stop()

    async def _start(self, program: Program) -> Child:
        child = Child(program, clock=self._clock, say=self._say)
        await child.start()
        return child

    def _aggregator(self, readiness: ReadySignal) -> Program:
        arguments = ["-m", "sysmon_appliance.cli.aggregator", "run", "--config", str(self._folder.aggregator_file)]
        return self._program("aggregator", arguments, {**self._plan.aggregator, **readiness.environment})

    def _agent(self) -> Program:
        arguments = ["-m", "sysmon_agent", "run", "--config", str(self._folder.agent_file)]
        return self._program("agent", arguments, self._plan.agent)

    def _program(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Program:
        return Program(name, arguments, self._folder.logs / f"{name}.log", {**self._environ, **environment})
