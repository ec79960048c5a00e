"""Merging a day: the ticks that were sealed piece by piece become a row for each host, and are rolled up.

What arrives when the day was merged already is merged by itself, without the ticks that the day has. So what is rolled
up is never rolled up twice, and rollups of a time that lie in several rows add up.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from sysmon_appliance.compactor.inputs import Inputs, opened
from sysmon_appliance.compactor.outputs import Bench, Output, keep_all
from sysmon_appliance.compactor.rows import united
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.jobs import MergeDay, Outcome
from sysmon_appliance.domain.merging import MergedTicks
from sysmon_appliance.domain.rollups import roll_up, roll_up_further
from sysmon_appliance.domain.segments import HOUR_MS, MINUTE_MS, Kind
from sysmon_appliance.domain.terms import Indexes
from sysmon_appliance.domain.ticks import StoredTicks
from sysmon_appliance.segments.files import HostEntry


def merge_day(job: MergeDay, bench: Bench) -> Outcome:
    """Merge and roll up the ticks of a job."""
    with opened(bench, job.inputs) as inputs, opened(bench, job.beside) as beside:
        outputs = _Outputs(bench, job)
        hosts = inputs.hosts()
        for number, host in enumerate(hosts, 1):
            outputs.write(host, list(_late(inputs, beside, host.key)))
            bench.step(number / len(hosts))
        add = keep_all(outputs.all())
    return Outcome(add=tuple(add), drop=tuple(segment.name for segment in job.inputs))


class _Outputs:
    """Files of ticks, and of their rollups."""

    def __init__(self, bench: Bench, job: MergeDay) -> None:
        self._bench = bench
        self._raw, self._minutes, self._hours = (
            Output(bench, kind, job.level) for kind in (Kind.RAW, Kind.MINUTE, Kind.HOUR)
        )

    def write(self, host: HostEntry, pieces: Sequence[StoredTicks]) -> None:
        for row in united(pieces):
            self._raw.host(host).add_ticks(host.key, row.schema, row.t, row.values, row.gaps)
            self._roll_up(host, row)
            self._bench.pace.breathe()

    def all(self) -> Sequence[Output]:
        return self._raw, self._minutes, self._hours

    def _roll_up(self, host: HostEntry, row: MergedTicks) -> None:
        minutes = roll_up(row.t, row.values, MINUTE_MS)
        self._minutes.host(host).add_rollups(host.key, row.schema, *minutes, row.gaps)
        hours = roll_up_further(*minutes, HOUR_MS)
        self._hours.host(host).add_rollups(host.key, row.schema, *hours, row.gaps)


def _late(inputs: Inputs, beside: Inputs, host: int) -> Iterator[StoredTicks]:
    """Yield a host's ticks, without those that are merged already."""
    merged = [row.ticks().t for row in beside.rows(host)]
    known = np.unique(np.concatenate(merged)) if merged else np.empty(0, np.int64)
    for row in inputs.rows(host):
        ticks = row.ticks()
        fresh = _fresh(ticks.t, known)
        if fresh is None:
            yield ticks
        elif len(fresh):
            yield _chosen(ticks, fresh)


def _fresh(t: Times, known: Times) -> Indexes | None:
    """Return the places of times that are not known yet; None for all."""
    fresh = np.flatnonzero(~np.isin(t, known))
    return None if len(fresh) == len(t) else fresh


def _chosen(ticks: StoredTicks, places: Indexes) -> StoredTicks:
    return StoredTicks(
        ticks.host, ticks.schema, ticks.t[places], lambda series: ticks.read(series)[:, places], ticks.gaps
    )
