"""Making a lost segment again, from what it was made of.

Rollups can be made of the ticks that they stand for. Ticks, and what else was merged, can be made of the segments that
it was merged from, as long as the files of those were not deleted. What comes of it counts only if it holds as many
values as what it replaces: else something would be lost or doubled without anybody knowing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sysmon_appliance.domain.jobs import Job, JoinSegments, MergeDay
from sysmon_appliance.domain.planning import by_arrival, merged_beside
from sysmon_appliance.domain.segments import BUCKET_MS, Kind, Level, Segment


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A way to make a lost segment again."""

    job: Job  # it may make segments of other kinds, too, which are not wanted
    replaces: tuple[Segment, ...]  # the lost one, and whole ones that the job makes again with it

    def accepted(self, made: Iterable[Segment]) -> tuple[Segment, ...]:
        """Pick what takes the place of the lost segment; nothing if values would be missing or doubled."""
        wanted = tuple(segment for segment in made if segment.kind is self.replaces[0].kind)
        samples = sum(segment.samples for segment in wanted)
        return wanted if samples == sum(segment.samples for segment in self.replaces) else ()


def rebuilds(lost: Segment, in_force: Sequence[Segment], dropped: Sequence[Segment]) -> Iterator[Rebuild]:
    """Yield the ways in which a segment may be made again, the best first.

    Parameters
    ----------
    in_force
        The manifest's segments, with the lost one and other damaged ones.
    dropped
        Segments out of force whose files are not deleted yet.
    """
    if (again := _from_predecessors(lost, in_force, dropped)) is not None:
        yield again
    if lost.kind in BUCKET_MS and (again := _from_ticks(lost, in_force)) is not None:
        yield again


def _from_predecessors(lost: Segment, in_force: Sequence[Segment], dropped: Sequence[Segment]) -> Rebuild | None:
    """Merge again what the lost segment was merged from: what went out of force when it came."""
    before = [one for one in dropped if one.kind is lost.kind and one.dropped_ms >= lost.created_ms]
    swapped_ms = min((one.dropped_ms for one in before if one.overlaps(lost)), default=0)
    inputs = sorted((one for one in before if one.dropped_ms == swapped_ms), key=by_arrival)
    if not inputs or any(one.damaged_ms for one in inputs):
        return None
    newest_ms = max(one.created_ms for one in inputs)
    siblings = [one for one in _alike(lost, in_force) if newest_ms <= one.created_ms <= swapped_ms]
    replaces = tuple(one for one in siblings if one != lost and any(one.overlaps(each) for each in inputs))
    if lost.kind is Kind.RAW and all(one.level is Level.SEALED for one in inputs):
        whole = (one for one in in_force if not one.damaged_ms and one not in {lost, *replaces})
        return Rebuild(MergeDay(lost.level, tuple(inputs), merged_beside(inputs, whole)), (lost, *replaces))
    return Rebuild(JoinSegments(lost.kind, lost.level, tuple(inputs)), (lost, *replaces))


def _from_ticks(lost: Segment, in_force: Sequence[Segment]) -> Rebuild | None:
    """Roll up again all merged ticks of the hosts and the time that the lost rollups share with others."""
    ticks = [one for one in in_force if one.kind is Kind.RAW and one.level is not Level.SEALED]
    rollups = [one for one in in_force if one.kind is lost.kind]
    inputs, replaces = _together(lost, ticks, rollups)
    if not inputs or any(one.damaged_ms for one in inputs):
        return None
    if sum(one.samples for one in inputs) < sum(one.samples for one in replaces):  # some have expired
        return None
    others = (one for one in replaces if one != lost)
    return Rebuild(MergeDay(lost.level, tuple(sorted(inputs, key=by_arrival))), (lost, *others))


def _together(
    lost: Segment, ticks: Sequence[Segment], rollups: Sequence[Segment]
) -> tuple[Sequence[Segment], Sequence[Segment]]:
    """Return the ticks that stand behind the lost rollups, and all rollups that come of these ticks."""
    inputs: list[Segment] = []
    replaces = [lost]
    while True:
        more = [one for one in ticks if one not in inputs and any(one.overlaps(each) for each in replaces)]
        if not more:
            return inputs, replaces
        inputs += more
        replaces += [one for one in rollups if one not in replaces and any(one.overlaps(each) for each in more)]


def _alike(lost: Segment, segments: Iterable[Segment]) -> Iterable[Segment]:
    return (one for one in segments if one.kind is lost.kind and one.level is lost.level)
