"""Processes: how many in each state, and the top ones by CPU, memory and I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

from sysmon_agent.clock import Clock
from sysmon_agent.collectors.base import Collector, Context, Key, Readings, Row
from sysmon_agent.collectors.process_files import STATES, Process, ProcessFiles, ProcessIo
from sysmon_agent.collectors.process_ranks import CpuMeter, IoMeter, IoRate, by_cpu, by_io, by_memory, io_candidates
from sysmon_agent.collectors.redact import redact, shorten
from sysmon_agent.names import PROCESS_COLUMNS, PROCESS_TABLE, STALE_NAN
from sysmon_agent.wire.messages import TableSchema

_UNKNOWN_RATE = IoRate(STALE_NAN, STALE_NAN)
_CLOCK_STEP_SECONDS = 2.0


class ProcessSource(Protocol):
    """Where processes are read. Whatever cannot be read is empty; none of these fails because a process ended."""

    def scan(self) -> Iterable[Process]: ...

    def io(self, pid: int) -> ProcessIo | None: ...

    def user(self, pid: int) -> str: ...

    def command(self, pid: int) -> list[str]: ...


class Processes(Collector):
    name = "processes"
    tables = (TableSchema.of(PROCESS_TABLE, PROCESS_COLUMNS),)

    def __init__(self, context: Context) -> None:
        self._source = self.source(context)
        self._clock = context.clock
        self._places = context.settings.top_processes
        self._describe = {"none": _nothing, "redacted": redact, "full": _in_full}[context.settings.command_lines]
        self._cpu = CpuMeter()
        self._io = IoMeter()
        self._io_ranks: list[int] = []
        self._boot = BootMoment(context.clock)
        self._commands: dict[int, str] = {}

    @staticmethod
    def source(context: Context) -> ProcessSource:
        return ProcessFiles(context.settings.proc, context.user_name)

    def collect(self) -> Readings:
        processes = {process.pid: process for process in self._source.scan()}
        counts = Counter(process.state for process in processes.values())
        values: dict[Key, float] = {("system.process.count", state): counts[state] for state in STATES}
        return Readings(values, {PROCESS_TABLE: self._top(processes) if self._places else []})

    def _top(self, processes: Mapping[int, Process]) -> list[Row]:
        now = self._clock.monotonic()
        shares = self._cpu.shares(processes, now)
        ranked = by_cpu(shares, self._places) + by_memory(processes, self._places)
        rates = self._io_rates(io_candidates(ranked + self._io_ranks, processes, shares, self._places), processes, now)
        self._io_ranks = by_io(rates, self._places)
        top = [processes[pid] for pid in dict.fromkeys(ranked + self._io_ranks)]
        self._commands = {process.pid: self._command(process) for process in top}
        return [
            self._row(process, shares.get(process.pid, STALE_NAN), rates.get(process.pid, _UNKNOWN_RATE))
            for process in top
        ]

    def _io_rates(self, pids: list[int], processes: Mapping[int, Process], now: float) -> dict[int, IoRate]:
        traffic = {processes[pid]: io for pid in pids if (io := self._source.io(pid))}
        return self._io.rates(traffic, now)

    def _command(self, process: Process) -> str:
        # A process that waits for a disk may hold the lock under which its command line is read, and reading would
        # wait with it, perhaps for ever: what was read before has to do.
        if process.state == "uninterruptible":
            return self._commands.get(process.pid, "")
        return self._describe(self._source.command(process.pid))

    def _row(self, process: Process, share: float, rate: IoRate) -> Row:
        return (
            process.pid,
            process.name,
            self._source.user(process.pid),
            process.state,
            share,
            process.resident_bytes,
            rate.read,
            rate.written,
            process.threads,
            round(self._boot.seconds() + process.started_seconds, 2),
            self._commands[process.pid],
        )


class BootMoment:
    """When the machine started, by its wall clock.

    The two clocks drift apart by fractions of a second; the moment stays the same until the wall clock is set, so that
    the start of a process is a constant.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seconds = 0.0

    def seconds(self) -> float:
        """Return it in seconds since the epoch."""
        seconds = (self._clock.wall_ms() - self._clock.boot_ms()) / 1000
        if abs(seconds - self._seconds) > _CLOCK_STEP_SECONDS:
            self._seconds = seconds
        return self._seconds


def _nothing(_argv: list[str]) -> str:
    return ""


def _in_full(argv: list[str]) -> str:
    return shorten(" ".join(argv))
