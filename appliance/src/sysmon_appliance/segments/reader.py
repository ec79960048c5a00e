"""Reading what segments hold of one host."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from sysmon_appliance.domain.segments import Kind, Level, ManifestReader, Segment, SegmentShelf
from sysmon_appliance.domain.tables import StoredTable
from sysmon_appliance.domain.terms import Indexes
from sysmon_appliance.domain.ticks import HostSegments, StoredRollups, StoredRow, StoredTicks
from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError
from sysmon_appliance.segments.files import Row, SegmentFile
from sysmon_appliance.segments.open_files import OpenFiles

_log = logging.getLogger(__name__)

T = TypeVar("T")

ReportDamage = Callable[[str], None]
"""Says that the segment of a name is damaged; in any thread, and at once."""


class SegmentReader:
    """The TickReader over the manifest and the shelf."""

    def __init__(self, manifest: ManifestReader, shelf: SegmentShelf, report_damage: ReportDamage) -> None:
        self._manifest = manifest
        self._files = OpenFiles(shelf)
        self._report_damage = report_damage
        self._in_force: Sequence[Segment] = ()
        self._damaged: frozenset[str] = frozenset()  # found so here, since the manifest changed last
        self._foreign: frozenset[str] = frozenset()  # of a later release

    @contextmanager
    def of_host(self, host: int, from_ms: int, to_ms: int) -> Iterator[HostSegments]:
        found = [segment for segment in self._look() if segment.may_hold(host, from_ms, to_ms)]
        unread = self._damaged | self._foreign
        torn = [segment for segment in found if segment.damaged_ms or segment.name in unread]
        whole = [segment for segment in found if segment not in torn] if torn else found
        with ExitStack() as closing:
            yield _HostSegments(self, whole, torn, wanted=(host, from_ms, to_ms), closing=closing)

    def close(self) -> None:
        """Close all files; nothing may be read any more."""
        self._files.close()

    def open(self, segment: Segment, closing: ExitStack) -> SegmentFile:
        """Open a segment until the end of `closing`."""
        file = self.watched(segment, lambda: self._files.take(segment))
        closing.callback(self._give_back, segment.name, file)
        return file

    def watched(self, segment: Segment, read: Callable[[], T]) -> T:
        """Read something of a segment; what cannot be read is left out from now on.

        Raises
        ------
        SegmentDamagedError, SegmentVersionError
            It could not.
        """
        try:
            return read()
        except SegmentDamagedError:
            self._damaged |= {segment.name}
            self._report_damage(segment.name)
            raise
        except SegmentVersionError as error:
            self._foreign |= {segment.name}
            _log.warning("A segment of a later release is left out.", extra={"problem": error.message})
            raise

    def _give_back(self, name: str, file: SegmentFile) -> None:
        if name in self._damaged:  # another file may take its place
            file.close()
        else:
            self._files.give(name, file)

    def _look(self) -> Sequence[Segment]:
        """Return the manifest; where it has changed, let go of what is not in it any more.

        What was found damaged is tried again then: it was set aside, or has been mended already.
        """
        in_force = self._manifest.all()
        if in_force is not self._in_force:
            self._in_force = in_force
            self._files.keep_only({segment.name for segment in in_force if not segment.damaged_ms} - self._damaged)
            self._damaged = frozenset()
        return in_force


class _HostSegments:
    """The HostSegments of one manifest; files are opened when rows are listed."""

    def __init__(
        self,
        reader: SegmentReader,
        found: Sequence[Segment],
        torn: Sequence[Segment],
        *,
        wanted: tuple[int, int, int],
        closing: ExitStack,
    ) -> None:
        self._reader = reader
        self._found = found
        self._torn = torn
        self._wanted = wanted
        self._closing = closing

    def rows(self, kind: Kind, *, merged: bool) -> Sequence[StoredRow]:
        rows = [
            _WatchedRow(row, segment, self._reader)
            for segment in self._found
            if segment.kind is kind and (segment.level is not Level.SEALED) is merged
            for row in self._rows(segment)
        ]
        return sorted(rows, key=lambda row: row.start_ms)

    def days(self, kind: Kind) -> frozenset[int]:
        return self._days(self._found, kind)

    def torn(self, kind: Kind) -> frozenset[int]:
        return self._days(self._torn, kind)

    def _days(self, segments: Iterable[Segment], kind: Kind) -> frozenset[int]:
        _, from_ms, to_ms = self._wanted
        return frozenset(
            day
            for segment in segments
            if segment.kind is kind and segment.level is not Level.SEALED
            for day in segment.days_within(from_ms, to_ms)
        )

    def _rows(self, segment: Segment) -> Sequence[Row]:
        file = self._reader.open(segment, self._closing)
        return self._reader.watched(segment, lambda: file.rows(*self._wanted))


@dataclass(frozen=True, slots=True)
class _WatchedRow:
    """The StoredRow of a file, of which damage is told."""

    row: Row
    segment: Segment
    reader: SegmentReader

    @property
    def start_ms(self) -> int:
        return self.row.start_ms

    @property
    def end_ms(self) -> int:
        return self.row.end_ms

    @property
    def arrival(self) -> int:
        return self.segment.number if self.segment.level is Level.SEALED else 0

    def ticks(self) -> StoredTicks:
        ticks = self.reader.watched(self.segment, self.row.ticks)
        return replace(ticks, read=self._watched(ticks.read), arrival=self.arrival)

    def rollups(self) -> StoredRollups:
        rollups = self.reader.watched(self.segment, self.row.rollups)
        return replace(rollups, read=self._watched(rollups.read))

    def table(self) -> StoredTable:
        return self.reader.watched(self.segment, self.row.table)

    def _watched(self, read: Callable[[Indexes], T]) -> Callable[[Indexes], T]:
        return lambda columns: self.reader.watched(self.segment, lambda: read(columns))
