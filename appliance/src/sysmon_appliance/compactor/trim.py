"""Writing a segment again without the rows that have expired."""

from sysmon_appliance.compactor.inputs import opened
from sysmon_appliance.compactor.outputs import Bench, Output, keep_all
from sysmon_appliance.domain.jobs import Outcome, TrimSegment


def trim_segment(job: TrimSegment, bench: Bench) -> Outcome:
    """Copy the rows that are still kept; where none is, the segment is only dropped."""
    segment = job.segment
    output = Output(bench, segment.kind, segment.level)
    with opened(bench, [segment]) as inputs:
        hosts = inputs.hosts()
        for number, host in enumerate(hosts, 1):
            cutoff_ms = job.cutoffs.get(host.key, 0)
            for row in inputs.rows(host.key):
                if row.end_ms >= cutoff_ms:
                    output.host(host).copy(row)
            bench.step(number / len(hosts))
    return Outcome(add=tuple(keep_all([output])), drop=(segment.name,))
