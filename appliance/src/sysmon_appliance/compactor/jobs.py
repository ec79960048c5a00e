"""Which function does which job."""

import errno
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from sysmon_agent.clock import Clock
from sysmon_appliance.compactor.check import check_segments
from sysmon_appliance.compactor.importing import import_segments
from sysmon_appliance.compactor.join import join_segments
from sysmon_appliance.compactor.merge import merge_day
from sysmon_appliance.compactor.outputs import Bench
from sysmon_appliance.compactor.pace import Pace
from sysmon_appliance.compactor.seal import seal
from sysmon_appliance.compactor.trim import trim_segment
from sysmon_appliance.compactor.work import Workplace
from sysmon_appliance.domain.jobs import (
    CheckSegments,
    ImportSegments,
    Job,
    JoinSegments,
    MergeDay,
    Outcome,
    Progress,
    SealJob,
    TrimSegment,
)
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError, StorageError
from sysmon_appliance.files import make_private_folder
from sysmon_appliance.objectstore.shelves import shelf_of
from sysmon_appliance.segments.files import SegmentFile


def run_job(job: Job, place: Workplace, *, clock: Clock, pace: Pace, progress: Progress) -> Outcome:
    """Do a job in this process.

    Raises
    ------
    StorageError, StoreUnreachableError
        It failed; drafts are removed, and what is on the shelf already is left over.
    """
    with _explained(place), _drafts(place.drafts):
        bench = Bench(place, shelf_of(place.shelf, clock), clock, pace, progress)
        try:
            return _do(job, bench)
        except (SegmentDamagedError, SegmentVersionError) as error:
            outcome = _unusable(job, bench)
            if outcome == Outcome():  # it can be read after all
                raise StorageError(error.message, hint=error.hint) from error
            return outcome


def _do(job: Job, bench: Bench) -> Outcome:
    match job:
        case SealJob():
            return seal(job, bench)
        case MergeDay():
            return merge_day(job, bench)
        case JoinSegments():
            return join_segments(job, bench)
        case TrimSegment():
            return trim_segment(job, bench)
        case CheckSegments():
            return check_segments(job, bench)
        case ImportSegments():
            return import_segments(job, bench)
    raise TypeError(job)


def _unusable(job: Job, bench: Bench) -> Outcome:
    """Find out which inputs cannot be read; nothing else comes of the job, and the next is planned without them."""
    damaged, foreign = [], []
    for segment in _inputs(job):
        try:
            with SegmentFile.open(bench.shelf.path(segment)) as file:
                file.check()
        except SegmentDamagedError:
            damaged.append(segment.name)
        except SegmentVersionError:
            foreign.append(segment.name)
    return Outcome(damaged=tuple(damaged), foreign=tuple(foreign))


def _inputs(job: Job) -> Sequence[Segment]:
    match job:
        case MergeDay():
            return *job.inputs, *job.beside
        case JoinSegments():
            return job.inputs
        case TrimSegment():
            return (job.segment,)
        case ImportSegments():
            return job.beside
    return ()


@contextmanager
def _drafts(folder: Path) -> Iterator[None]:
    """Begin with an empty folder, whatever a job that was killed has left in it, and leave none."""
    shutil.rmtree(folder, ignore_errors=True)
    make_private_folder(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _explained(place: Workplace) -> Iterator[None]:
    """Turn what SQLite and the system say into an error that says what to do."""
    try:
        yield
    except (apsw.FullError, apsw.IOError) as error:
        raise StorageError(f"A segment cannot be written: {error}.", hint=f"df {place.drafts.parent}") from error
    except apsw.Error as error:
        raise StorageError(
            f"The live database {place.live} cannot be read: {error}.", hint=f"ls -l {place.live}"
        ) from error
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise StorageError(
            f"A segment cannot be written: {error.strerror or error}.",
            hint=f"df {place.drafts.parent}" if full else f"ls -ld {place.drafts.parent}",
        ) from error
