"""Reading segments to see whether they are whole."""

from sysmon_appliance.compactor.outputs import Bench
from sysmon_appliance.domain.examining import Examiner, Verdict
from sysmon_appliance.domain.jobs import CheckSegments, Outcome
from sysmon_appliance.errors import StorageError, StoreUnreachableError
from sysmon_appliance.segments.checks import check_rows

_UNREAD = "unread"


def check_segments(job: CheckSegments, bench: Bench) -> Outcome:
    """Examine the segments of a job, and mend copies that are bad."""
    examiner = Examiner(bench.shelf, check_rows)
    found: dict[str, list[str]] = {verdict: [] for verdict in (*Verdict, _UNREAD)}
    for number, segment in enumerate(job.segments, 1):
        try:
            verdict: str = examiner.examine(segment)
        except (StoreUnreachableError, StorageError):
            verdict = _UNREAD
        found[verdict].append(segment.name)
        bench.step(number / len(job.segments))
    return Outcome(
        damaged=tuple(found[Verdict.DAMAGED]),
        foreign=tuple(found[Verdict.FOREIGN]),
        mended=tuple(found[Verdict.MENDED]),
        unread=tuple(found[_UNREAD]),
    )
