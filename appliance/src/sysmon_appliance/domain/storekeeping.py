"""What the service that seals and merges tells of itself."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class JobName(StrEnum):
    """What can be under way; one at a time."""

    SEAL = "seal"
    MERGE = "merge"
    EXPIRE = "expire"
    CHECK = "check"
    REPAIR = "repair"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Working:
    """The job that is under way."""

    job: JobName
    started_ms: int
    done: float | None = None  # share of it, 0 to 1; None where it cannot be told


@dataclass(frozen=True, slots=True)
class Failure:
    """Why storing history does not get on."""

    since_ms: int  # of the first failure after the last success
    problem: str  # a sentence
    hint: str  # a command, or an empty string


@dataclass(frozen=True, slots=True)
class Storekeeping:
    """How far the service is; a new value at each change."""

    working: Working | None = None
    last_seal_ms: int | None = None  # end of the last that succeeded; at a start, as the manifest tells
    last_merge_ms: int | None = None
    failure: Failure | None = None  # None while the newest attempt succeeded
    failures: int = 0  # attempts that failed since the start


class Storekeeper(Protocol):
    """The service that seals and merges; belongs to the event loop."""

    @property
    def status(self) -> Storekeeping:
        """How it fares now."""

    def seal_soon(self) -> None:
        """Seal all of the head as soon as the job under way is done, whatever its age; returns at once."""


class Workshop(Protocol):
    """What keeps other changes of segments waiting; a part of the Storekeeper."""

    def alone(self, name: JobName) -> AbstractAsyncContextManager[None]:
        """Let nothing else change segments inside the block, and show what is under way."""

    def progress(self, done: float) -> None:
        """Show which share of the job under way is done."""


@dataclass(frozen=True, slots=True)
class HeadContents:
    """What the head holds that is in no segment yet."""

    batches: int
    bytes: int  # of the live database, without what is free in its file
    file_bytes: int  # of the live database's files
    from_ms: int | None  # corrected time of the earliest tick; None where there is none
    to_ms: int | None


class HeadMeter(Protocol):
    """Measures the head; blocks for a moment, so it is for worker threads."""

    def contents(self) -> HeadContents:
        """Measure it; raises a StorageError where the database cannot be read."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The filesystem on which the folder of segments is."""

    folder: str
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class ObjectStoreState:
    """The object store behind the folder."""

    url: str
    reachable: bool | None  # whether it answered last; None before it was asked
