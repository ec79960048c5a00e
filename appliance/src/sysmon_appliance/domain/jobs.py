"""Work on segments that takes a while: what is to be done, what came of it, and who does it.

A job reads segments or the head and writes new files. It changes nothing else: what it reports is committed afterwards
in one step, or not at all, and then its files are left over and are removed later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from sysmon_appliance.domain.segments import Kind, Level, Segment
from sysmon_appliance.domain.storekeeping import JobName


class Job:
    """One piece of work; its class says what is done and its fields with what."""

    __slots__ = ()
    name: ClassVar[JobName]


@dataclass(frozen=True, slots=True)
class SealJob(Job):
    """Write batches of the head into segments."""

    name: ClassVar[JobName] = JobName.SEAL
    after: int  # row number up to which the head is sealed already
    up_to: int  # the newest row number to be sealed


@dataclass(frozen=True, slots=True)
class MergeDay(Job):
    """Merge sealed ticks, those of a day, and roll them up."""

    name: ClassVar[JobName] = JobName.MERGE
    level: Level  # MONTH where the inputs' times are scattered over several days
    inputs: tuple[Segment, ...]  # in order of arrival
    beside: tuple[Segment, ...] = ()  # merged before; ticks that are in there are not taken once more


@dataclass(frozen=True, slots=True)
class JoinSegments(Job):
    """Bring the rows of segments of one kind together at the next level."""

    name: ClassVar[JobName] = JobName.MERGE
    kind: Kind
    level: Level
    inputs: tuple[Segment, ...]  # in order of arrival


@dataclass(frozen=True, slots=True)
class TrimSegment(Job):
    """Write a segment again without what has expired."""

    name: ClassVar[JobName] = JobName.EXPIRE
    segment: Segment
    cutoffs: Mapping[int, int]  # Host.key to the time before which its rows go; a host that is not named keeps all


@dataclass(frozen=True, slots=True)
class CheckSegments(Job):
    """Read all copies of segments, and replace bad ones by what is whole."""

    name: ClassVar[JobName] = JobName.CHECK
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class ImportSegments(Job):
    """Write values from elsewhere into segments, without the ticks that are there already."""

    name: ClassVar[JobName] = JobName.IMPORT
    files: tuple[str, ...]  # paths of the files that hold the values, in order of arrival
    after: int  # row number up to which the head is sealed
    beside: tuple[Segment, ...]  # what may hold ticks of the same times, or their rollups


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job has made."""

    add: tuple[Segment, ...] = ()  # stored and read back; their numbers are not given yet
    drop: tuple[str, ...] = ()  # names of what `add` holds
    sealed_up_to: int = 0
    damaged: tuple[str, ...] = ()  # inputs that cannot be read; nothing of them is in `add`
    foreign: tuple[str, ...] = ()  # inputs of a later release; nothing of them either
    mended: tuple[str, ...] = ()  # inputs of which a bad copy was replaced
    unread: tuple[str, ...] = ()  # inputs that could not be looked at, which says nothing of them


Progress = Callable[[float], None]
"""Told now and then which share of a job is done, 0 to 1."""


class JobRunner(Protocol):
    """Does jobs, apart from the event loop on which it is called."""

    async def run(self, job: Job, progress: Progress) -> Outcome:
        """Do a job to its end; when cancelled, the job ends as well.

        Raises
        ------
        StorageError, StoreUnreachableError
            It failed; what it wrote is left over.
        """
