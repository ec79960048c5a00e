"""The manifest in memory: what is asked with every question about the past."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.segments import ForgetSegments, Segment, SetAside, SwapSegments


class Manifest:
    """The ManifestReader over what the live database holds.

    One thread notes changes, any thread reads, and there is no lock: each change puts a new tuple in place of the old.
    """

    def __init__(self, segments: Iterable[Segment]) -> None:
        self._segments: tuple[Segment, ...] = tuple(segments)  # dropped ones included
        self._in_force: tuple[Segment, ...] = ()
        self.reload(self._segments)

    def all(self) -> Sequence[Segment]:
        return self._in_force

    def dropped(self) -> Sequence[Segment]:
        return [segment for segment in self._segments if segment.dropped_ms]

    def note(self, change: Change) -> None:
        """Take in a change that is committed; others than those of the manifest are none of its business."""
        match change:
            case SwapSegments():
                gone = frozenset(change.drop)
                kept = [replace(one, dropped_ms=change.at_ms) if one.name in gone else one for one in self._segments]
                self.reload((*kept, *change.add))
            case ForgetSegments():
                forgotten = frozenset(change.names)
                self.reload(one for one in self._segments if one.name not in forgotten or not one.dropped_ms)
            case SetAside():
                self.reload(
                    replace(one, damaged_ms=change.damaged_ms) if one.name == change.name else one
                    for one in self._segments
                )

    def reload(self, segments: Iterable[Segment]) -> None:
        """Hold these, dropped ones included, in place of what was held."""
        self._segments = tuple(segments)
        in_force = (one for one in self._segments if not one.dropped_ms)
        self._in_force = tuple(sorted(in_force, key=lambda one: (one.kind, one.start_ms, one.number)))
