"""What the aggregator and the compacting process say to each other: a line of JSON each.

The aggregator says one Work. The process says Said, several times: how far it is, and at the end what came of it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.errors import SysmonError
from sysmon_appliance.compactor.plain import from_plain, to_json
from sysmon_appliance.domain.jobs import (
    CheckSegments,
    ImportSegments,
    Job,
    JoinSegments,
    MergeDay,
    Outcome,
    SealJob,
    TrimSegment,
)
from sysmon_appliance.errors import BadRequestError, StorageError, StoreUnreachableError
from sysmon_appliance.objectstore.settings import ShelfSettings

_JOBS: dict[str, type[Job]] = {
    job.__name__: job for job in (SealJob, MergeDay, JoinSegments, TrimSegment, CheckSegments, ImportSegments)
}
_ERRORS = {error.code: error for error in (BadRequestError, StorageError, StoreUnreachableError)}


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


def encode_work(work: Work) -> bytes:
    return to_json({"kind": type(work.job).__name__, "job": work.job, "place": work.place}) + b"\n"


def decode_work(line: bytes) -> Work:
    read = json.loads(line)
    return Work(from_plain(_JOBS[read["kind"]], read["job"]), from_plain(Workplace, read["place"]))


def encode_said(said: Said) -> bytes:
    return to_json(said) + b"\n"


def decode_said(line: bytes) -> Said:
    return from_plain(Said, json.loads(line))
