"""Importing: values from elsewhere become sealed segments, one day after the other.

They are as what came late: readers lay them out among the rest, and the next merges tidy up.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sysmon_appliance.compactor.known import KnownTicks, Spans, known_ticks, times_in_head
from sysmon_appliance.compactor.outputs import Bench, Output
from sysmon_appliance.compactor.rows import ROW_VALUES
from sysmon_appliance.domain.gathering import gathered
from sysmon_appliance.domain.jobs import ImportSegments, Outcome
from sysmon_appliance.domain.segments import DAY_MS, Kind, Level, Segment
from sysmon_appliance.segments.files import HostEntry, Row, SegmentFile

_Day = Mapping[int, Sequence[Row]]


def import_segments(job: ImportSegments, bench: Bench) -> Outcome:
    """Write the values of a job into segments of a day each.

    Raises
    ------
    BadRequestError
        They cannot be laid out to ticks.
    """
    with ExitStack() as closing:
        held = _Held()
        for file in job.files:
            held.add(closing.enter_context(SegmentFile.open(Path(file))))
        head = times_in_head(bench.place.live, job.after, held.spans())
        add: list[Segment] = []
        for number, day in enumerate(sorted(held.days), 1):
            with known_ticks(job, bench, day, head) as known:
                add += _written(held.days[day], held.hosts, known, bench)
            bench.step(number / len(held.days))
    return Outcome(add=tuple(add))


@dataclass(slots=True)
class _Held:
    """Rows of all files, by day and host, each list in order of arrival."""

    hosts: dict[int, HostEntry] = field(default_factory=dict)
    days: dict[int, dict[int, list[Row]]] = field(default_factory=dict)

    def add(self, file: SegmentFile) -> None:
        self.hosts |= {host.key: host for host in file.hosts()}
        for row in sorted(file.rows(), key=lambda row: row.number):
            self.days.setdefault(row.start_ms // DAY_MS, {}).setdefault(row.host, []).append(row)

    def spans(self) -> Spans:
        rows = [row for day in self.days.values() for of_host in day.values() for row in of_host]
        spans: dict[int, tuple[int, int]] = {}
        for row in rows:
            first_ms, last_ms = spans.get(row.host, (row.start_ms, row.end_ms))
            spans[row.host] = min(first_ms, row.start_ms), max(last_ms, row.end_ms)
        return spans


def _written(day: _Day, hosts: Mapping[int, HostEntry], known: KnownTicks, bench: Bench) -> Iterable[Segment]:
    output = Output(bench, Kind.RAW, Level.SEALED)
    for host in sorted(day):
        pieces = [row.ticks() for row in day[host]]
        for ticks in gathered(pieces, partial(known.fresh, host), at_once=ROW_VALUES):
            output.host(hosts[host]).add_ticks(host, ticks.schema, ticks.t, ticks.values)
            bench.pace.breathe()
    return output.keep()
