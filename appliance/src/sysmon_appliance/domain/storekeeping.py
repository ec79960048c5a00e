"""What the service that seals and merges tells of itself."""

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
    last_seal_ms: int | None = None  # end of the last that succeeded; None before the first since the start
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
