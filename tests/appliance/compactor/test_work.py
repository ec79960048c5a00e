"""What the aggregator and the compacting process say to each other."""

from pathlib import Path

import pytest

from sysmon_appliance.compactor.work import (
    Problem,
    Said,
    Work,
    Workplace,
    decode_said,
    decode_work,
    encode_said,
    encode_work,
)
from sysmon_appliance.domain.jobs import Job, JoinSegments, MergeDay, Outcome, SealJob, TrimSegment
from sysmon_appliance.domain.segments import Kind, Level
from sysmon_appliance.errors import ConflictError, StorageError, StoreUnreachableError
from sysmon_appliance.objectstore.settings import ShelfSettings
from tests.support.storage import segment

HIDDEN = "hidden"
PLACE = Workplace(
    live=Path("/data/live.sqlite"),
    drafts=Path("/data/drafts"),
    shelf=ShelfSettings("/data/segments", 1 << 30, url="s3://bucket", secret_access_key=HIDDEN),
    cluster_id="ab" * 16,
    file_bytes=1 << 20,
)
JOBS = [
    SealJob(1, 1 << 50),
    MergeDay(Level.DAY, (segment(), segment(Kind.MINUTE)), (segment(level=Level.MONTH),)),
    JoinSegments(Kind.HOUR, Level.MONTH, (segment(Kind.HOUR),)),
    TrimSegment(segment(), {1: 2, 1 << 40: 3}),
]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: type(job).__name__)
def test_a_job_arrives_as_it_was_sent(job: Job) -> None:
    """Every job goes through the pipe, with all that it takes to do it."""
    line = encode_work(Work(job, PLACE))
    assert line.index(b"\n") == len(line) - 1
    assert decode_work(line) == Work(job, PLACE)


@pytest.mark.parametrize(
    "said", [Said(done=0.5), Said(outcome=Outcome((segment(),), ("a",), 7, ("b",), ("c",))), Said(outcome=Outcome())]
)
def test_what_is_said_arrives(said: Said) -> None:
    """Progress and outcome come back whole."""
    assert decode_said(encode_said(said)) == said


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StoreUnreachableError("It is gone.", hint="ping store"), StoreUnreachableError),
        (StorageError("It is full.", hint="df"), StorageError),
        (ConflictError("It is in use."), StorageError),
    ],
)
def test_a_problem_is_the_error_that_it_was(error: StorageError, kind: type[Exception]) -> None:
    """What fails over there is raised here, with its sentence and what to do."""
    again = decode_said(encode_said(Said(problem=Problem.of(error)))).problem
    assert again is not None
    raised = again.error()
    assert (type(raised), raised.message, raised.hint) == (kind, error.message, error.hint)
