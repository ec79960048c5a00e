"""What the aggregator and the compacting process say to each other: a line of JSON each.

The aggregator says one Work. The process says Said, several times: how far it is, and at the end what came of it.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.jobs import CheckSegments, Job, JoinSegments, MergeDay, Outcome, SealJob, TrimSegment
from sysmon_appliance.errors import StorageError, StoreUnreachableError
from sysmon_appliance.objectstore.settings import ShelfSettings

_JOBS: dict[str, type[Job]] = {
    job.__name__: job for job in (SealJob, MergeDay, JoinSegments, TrimSegment, CheckSegments)
}
_ERRORS = {error.code: error for error in (StorageError, StoreUnreachableError)}


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where jobs find what they read, and put what they write."""

    live: Path  # file of the live database
    drafts: Path  # folder of unfinished files; it is the process's own, and is emptied when a job begins
    shelf: ShelfSettings
    cluster_id: str
    file_bytes: int  # a file that has as many is closed after the host that it is at


@dataclass(frozen=True, slots=True)
class Work:
    """A job and its place."""

    job: Job
    place: Workplace


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a job failed."""

    code: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: SysmonError) -> "Problem":
        return cls(error.code, error.message, error.hint)

    def error(self) -> SysmonError:
        return _ERRORS.get(self.code, StorageError)(self.message, hint=self.hint)


@dataclass(frozen=True, slots=True)
class Said:
    """How far a job is, or how it ended: one of the three."""

    done: float | None = None
    outcome: Outcome | None = None
    problem: Problem | None = None


class _Line(msgspec.Struct):
    kind: str
    job: msgspec.Raw
    place: Workplace


def encode_work(work: Work) -> bytes:
    line = {"kind": type(work.job).__name__, "job": work.job, "place": work.place}
    return msgspec.json.encode(line, enc_hook=str) + b"\n"


def decode_work(line: bytes) -> Work:
    read = msgspec.json.decode(line, type=_Line, dec_hook=_path)
    return Work(msgspec.json.decode(read.job, type=_JOBS[read.kind]), read.place)


def encode_said(said: Said) -> bytes:
    return msgspec.json.encode(said) + b"\n"


def decode_said(line: bytes) -> Said:
    return msgspec.json.decode(line, type=Said)


def _path(_kind: type, value: str) -> Path:
    return Path(value)
