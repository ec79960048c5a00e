"""One file of the spool: looking through it, and appending to it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from sysmon_agent.spool.records import Kind, Origin, Record, salvage, unpack_gap, unpack_origin
from sysmon_agent.spool.ticks import TickTime, decode_tick
from sysmon_agent.wire.messages import Gap

SUFFIX = ".spool"
_COUNTED = {Kind.TICK, Kind.GAP}
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


@dataclass(slots=True)
class SpoolFile:
    """What is known of a file without reading it again."""

    path: str
    first: int  # the first serial that it may hold
    last: int  # the highest serial that it accounts for; first - 1 while there is none
    size: int
    newest: TickTime | None = None
    delivered_ms: int | None = None  # boot clock: since when all of it is known to be durable


@dataclass(slots=True)
class Survey:
    """What looking through a file has found."""

    file: SpoolFile
    origin: Origin | None
    gaps: list[Gap]
    damaged_bytes: int


def file_name(folder: str, number: int) -> str:
    return f"{folder}/{number:010d}{SUFFIX}"


def number_of(path: str) -> int:
    return int(path.rpartition("/")[2].removesuffix(SUFFIX))


def list_files(folder: str) -> list[str]:
    """Return the paths of a folder's files, oldest first."""
    return sorted(f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(SUFFIX))


def read(path: str, start: int = 0) -> bytes:
    """Return what a file holds; one that someone has removed holds nothing, and its ticks are a hole."""
    try:
        with open(path, "rb", buffering=0) as file:
            file.seek(start)
            return file.read()
    except FileNotFoundError:
        return b""


def survey(path: str) -> Survey | None:
    """Look through a whole file; None when nothing in it can be salvaged."""
    data = read(path)
    records = list(salvage(data))
    gaps = [unpack_gap(record) for record in records if record.kind is Kind.GAP]
    ticks = [record for record in records if record.kind is Kind.TICK]
    if not gaps and not ticks:
        return None
    head = records[0] if records[0].kind is Kind.ORIGIN else None
    origin = unpack_origin(head) if head else None
    first = head.serial if head else min(record.serial for record in records if record.kind in _COUNTED)
    last = max([first - 1, *(gap.last for gap in gaps), *(tick.serial for tick in ticks)])
    newest = _time_of(ticks[-1], origin) if ticks else None
    damaged = len(data) - sum(record.end - record.start for record in records)
    return Survey(SpoolFile(path, first, last, len(data), newest), origin, gaps, damaged)


def ticks_of(path: str, serial: int, start: int = 0) -> Iterator[tuple[int, Record]]:
    """Yield a file's ticks from a serial on, each with its offset; look no earlier than at offset `start`."""
    for record in salvage(read(path, start)):
        if record.kind is Kind.TICK and record.serial >= serial:
            yield start + record.start, record


def schema_in(path: str, serial: int) -> bytes | None:
    """Return the encoded schema that holds for a tick of this file."""
    found = None
    for record in salvage(read(path)):
        if record.kind is Kind.SCHEMA:
            found = record.payload
        elif record.kind is Kind.TICK and record.serial >= serial:
            break
    return found


class Appender:
    """The file that is being written. What `append` has returned from survives a power cut."""

    def __init__(self, file: SpoolFile, created_ms: int) -> None:
        self.file = file
        self.created_ms = created_ms
        self.schema_hash = b""  # of the schema that the next tick would have
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._descriptor = os.open(file.path, flags, 0o600)

    def append(self, data: bytes) -> None:
        """Write and sync; on OSError the file is as it was before."""
        try:
            self._write(data)
            _sync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.file.size)
            raise
        self.file.size += len(data)

    def _write(self, data: bytes) -> None:
        written = 0
        while written < len(data):
            written += os.pwrite(self._descriptor, data[written:], self.file.size + written)

    def close(self) -> None:
        os.close(self._descriptor)


def _time_of(record: Record, origin: Origin | None) -> TickTime:
    tick = decode_tick(record.payload, tables=False)
    return TickTime(record.serial, tick.wall_ms[0], tick.boot_ms[0], origin.boot_id if origin else bytes(16))
