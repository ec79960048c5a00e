"""Segments that a job reads, side by side."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from sysmon_appliance.compactor.outputs import Bench
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.segments.files import HostEntry, Row, SegmentFile


class Inputs:
    """Open segments, in order of arrival."""

    def __init__(self, files: Sequence[SegmentFile]) -> None:
        self._files = files

    def hosts(self) -> Sequence[HostEntry]:
        """List the hosts of all, by their key; of a host that was renamed, the newest name."""
        found = {host.key: host for file in self._files for host in file.hosts()}
        return [found[key] for key in sorted(found)]

    def rows(self, host: int) -> Iterator[Row]:
        """Yield the rows of a host, in order of arrival."""
        for file in self._files:
            yield from file.rows(host)


@contextmanager
def opened(bench: Bench, segments: Iterable[Segment]) -> Iterator[Inputs]:
    """Fetch segments where they are not here, and open them.

    Raises
    ------
    SegmentDamagedError, SegmentVersionError
        One of them cannot be read.
    StoreUnreachableError, StorageError
        One of them cannot be fetched now.
    """
    with ExitStack() as closing:
        yield Inputs([closing.enter_context(SegmentFile.open(bench.shelf.path(segment))) for segment in segments])
