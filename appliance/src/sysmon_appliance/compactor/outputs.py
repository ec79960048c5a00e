"""New segments of a job: files that are written, closed when they are full, and put on the shelf."""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_appliance.compactor.pace import Pace
from sysmon_appliance.compactor.work import Workplace
from sysmon_appliance.domain.integrity import MendableShelf
from sysmon_appliance.domain.jobs import Progress
from sysmon_appliance.domain.segment_names import segment_name
from sysmon_appliance.domain.segments import Kind, Level, Segment
from sysmon_appliance.segments.files import HostEntry
from sysmon_appliance.segments.writer import Facts, SegmentWriter

_CHANCE_BYTES = 6


@dataclass(frozen=True, slots=True)
class Bench:
    """What every job works with."""

    place: Workplace
    shelf: MendableShelf
    clock: Clock
    pace: Pace
    progress: Progress

    def step(self, done: float) -> None:
        """Tell how far the job is, and rest where that is due."""
        self.progress(done)
        self.pace.breathe()


class Output:
    """Writes segments of one kind and level; a file that is full is followed by another at the next host."""

    def __init__(self, bench: Bench, kind: Kind, level: Level) -> None:
        self._bench = bench
        self._kind = kind
        self._level = level
        self._finished: list[tuple[Path, Facts]] = []
        self._open: tuple[Path, SegmentWriter] | None = None
        self._host: int | None = None

    def host(self, host: HostEntry) -> SegmentWriter:
        """Return the file that the rows of a host go to; all rows of a host come one after the other."""
        if self._open is not None and host.key == self._host:
            return self._open[1]
        if self._open is not None and self._open[0].stat().st_size >= self._bench.place.file_bytes:
            self._close()
        if self._open is None:
            path = self._bench.place.drafts / f"{secrets.token_hex(_CHANCE_BYTES)}.draft"
            self._open = path, SegmentWriter(path, self._kind, self._level)
        self._host = host.key
        self._open[1].host(host.key, host.host_id, host.name)
        return self._open[1]

    def keep(self) -> Iterator[Segment]:
        """Put all files on the shelf.

        Raises
        ------
        StorageError, StoreUnreachableError
            One of them does not last.
        """
        self._close()
        for draft, facts in self._finished:
            yield self._kept(draft, facts)
            self._bench.pace.breathe()

    def _close(self) -> None:
        if self._open is not None:
            path, writer = self._open
            self._finished.append((path, writer.finish()))
            self._open = None

    def _kept(self, draft: Path, facts: Facts) -> Segment:
        now_ms = self._bench.clock.wall_ms()
        name = segment_name(
            self._kind,
            self._level,
            start_ms=facts.start_ms,
            cluster_id=self._bench.place.cluster_id,
            made_ms=now_ms,
            chance=secrets.token_hex(_CHANCE_BYTES),
        )
        self._bench.shelf.keep(draft, name)
        return Segment(
            number=0,
            name=name,
            kind=self._kind,
            level=self._level,
            start_ms=facts.start_ms,
            end_ms=facts.end_ms,
            first_host=facts.first_host,
            last_host=facts.last_host,
            hosts=facts.hosts,
            ticks=facts.ticks,
            samples=facts.samples,
            bytes=facts.bytes,
            sha256=facts.sha256,
            created_ms=now_ms,
        )


def keep_all(outputs: Iterable[Output]) -> Sequence[Segment]:
    """Put the files of several outputs on the shelf."""
    return [segment for output in outputs for segment in output.keep()]
