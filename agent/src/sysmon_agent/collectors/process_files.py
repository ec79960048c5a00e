"""Reading what /proc shows of each process.

A process may end at any moment and belong to anyone, so whatever cannot be read is simply not there.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from sysmon_agent.collectors.files import read_file, text

_MAX_COMMAND_BYTES = 4096
_MAX_STAT_BYTES = 1024
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

STATES = ("running", "sleeping", "uninterruptible", "stopped", "defunct", "idle")
_STATE_OF_LETTER = {
    b"R": "running", b"S": "sleeping", b"D": "uninterruptible", b"T": "stopped", b"t": "stopped", b"Z": "defunct",
    b"X": "defunct", b"I": "idle",
}  # fmt: skip


class Process(NamedTuple):
    """A process at one moment. A named tuple, for hundreds are made at each tick."""

    pid: int
    name: str
    state: str  # one of STATES
    cpu_seconds: float  # user and system, of all threads
    threads: int
    started_seconds: float  # since boot; together with pid it names a process
    resident_bytes: int


@dataclass(frozen=True, slots=True)
class ProcessIo:
    """Bytes that a process caused to be read from and written to disks."""

    read: int
    written: int


def parse_process_stat(data: bytes) -> Process:
    """Read /proc/PID/stat. The name is in parentheses and may hold blanks and parentheses itself."""
    head, _, tail = data.rpartition(b") ")
    pid, _, name = head.partition(b" (")
    fields = tail.split(b" ", 22)
    if len(fields) < 22:
        raise ValueError("too few fields")
    return Process(
        int(pid),
        text(name),
        _STATE_OF_LETTER.get(fields[0], "sleeping"),
        (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND,
        int(fields[17]),
        int(fields[19]) / _TICKS_PER_SECOND,
        int(fields[21]) * _PAGE_BYTES,
    )


def parse_io(data: bytes) -> ProcessIo:
    """Read /proc/PID/io."""
    read = data.partition(b"\nread_bytes: ")[2].split(b"\n", 1)[0]
    written = data.partition(b"\nwrite_bytes: ")[2].split(b"\n", 1)[0]
    return ProcessIo(int(read), int(written))


class StatFiles:
    """The stat files of all processes, kept open: opening and closing one costs as much as reading it.

    At most KEPT_OPEN are, and at most half of what this process may open; the others are opened anew each time.
    """

    KEPT_OPEN = 512

    def __init__(self, proc: str) -> None:
        self._proc = proc
        self._open: dict[str, int] = {}
        self._most = min(self.KEPT_OPEN, os.sysconf("SC_OPEN_MAX") // 2)

    def __del__(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)

    def read(self) -> Iterator[bytes]:
        """Yield each file's content; raises OSError where /proc itself cannot be read."""
        names = [name for name in os.listdir(self._proc) if name.isdecimal()]
        for ended in self._open.keys() - set(names):
            os.close(self._open.pop(ended))
        for name in names:
            with suppress(OSError):
                yield self._read(name)

    def _read(self, name: str) -> bytes:
        if name in self._open:
            try:
                return os.pread(self._open[name], _MAX_STAT_BYTES, 0)
            except OSError:  # that process has ended, and another one has its number
                os.close(self._open.pop(name))
        path = f"{self._proc}/{name}/stat"
        if len(self._open) >= self._most:
            return read_file(path)
        self._open[name] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(self._open[name], _MAX_STAT_BYTES, 0)


class ProcessFiles:
    """The numbered folders of a proc filesystem."""

    def __init__(self, proc: str, user_name: Callable[[int], str]) -> None:
        self._proc = proc
        self._user_name = user_name
        self._stat_files = StatFiles(proc)

    def scan(self) -> Iterator[Process]:
        """Yield every process that may be seen; raises OSError where /proc itself cannot be read."""
        for data in self._stat_files.read():
            with suppress(ValueError):
                yield parse_process_stat(data)

    def io(self, pid: int) -> ProcessIo | None:
        """Return a process's traffic, or None where it is gone or not ours to see."""
        try:
            return parse_io(read_file(f"{self._proc}/{pid}/io"))
        except (OSError, ValueError):
            return None

    def user(self, pid: int) -> str:
        """Return the user that a process runs as; empty where it is gone."""
        try:
            return self._user_name(os.stat(f"{self._proc}/{pid}").st_uid)
        except OSError:
            return ""

    def command(self, pid: int) -> list[str]:
        """Return a process's arguments, at most 4 KiB of them; none for threads of the kernel."""
        try:
            data = read_file(f"{self._proc}/{pid}/cmdline", _MAX_COMMAND_BYTES)
        except OSError:
            return []
        return [text(argument) for argument in data.rstrip(b"\0").split(b"\0")] if data else []
