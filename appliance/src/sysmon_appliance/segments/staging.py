"""Values on their way in, held in files that are segments already: packed, and with a checksum for every row."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw
import numpy as np

from sysmon_agent.wire.messages import Schema
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.imports import Staging
from sysmon_appliance.domain.segments import DAY_MS, Kind, Level
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.errors import StorageError
from sysmon_appliance.files import make_private_folder
from sysmon_appliance.segments.writer import SegmentWriter

_FILE_BYTES = 64 << 20
"""A file that has as many is closed: few files are read side by side, and closing one takes a moment."""


class StagingFolder:
    """The StagingArea in a folder of mode 0700, with a folder for each import."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, name: str) -> Staging:
        return StagedFiles(self._folder / name)

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class StagedFiles:
    """The Staging in a folder of its own, which is made with the first values."""

    def __init__(self, folder: Path, *, file_bytes: int = _FILE_BYTES) -> None:
        self._folder = folder
        self._file_bytes = file_bytes
        self._finished: list[Path] = []
        self._finished_bytes = 0
        self._open: tuple[Path, SegmentWriter] | None = None

    def add(self, host: Host, schema: Schema, t: Times, values: Floats) -> int:
        with _explained(self._folder):
            path, writer = self._open or self._begin()
            writer.host(host.key, host.host_id, host.name)
            for start, end in _days(t):
                writer.add_ticks(host.key, schema, t[start:end], np.ascontiguousarray(values[:, start:end]))
            if path.stat().st_size >= self._file_bytes:
                self._close()
                return self._finished_bytes
            return self._finished_bytes + path.stat().st_size

    def finish(self) -> Sequence[Path]:
        with _explained(self._folder):
            self._close()
        return list(self._finished)

    def discard(self) -> None:
        if self._open is not None:
            self._open[1].abandon()
            self._open = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self) -> tuple[Path, SegmentWriter]:
        make_private_folder(self._folder)
        path = self._folder / f"{len(self._finished)}.sqlite"
        self._open = path, SegmentWriter(path, Kind.RAW, Level.SEALED)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            path, writer = self._open
            self._finished_bytes += writer.finish().bytes
            self._finished.append(path)
            self._open = None


def _days(t: Times) -> Iterator[tuple[int, int]]:
    """Yield where each day begins and ends among rising times."""
    starts = np.flatnonzero(np.diff(t // DAY_MS, prepend=-1)).tolist()
    yield from zip(starts, [*starts[1:], len(t)], strict=True)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into an error that says what to do."""
    try:
        yield
    except (OSError, apsw.Error) as error:
        raise StorageError(f"Values cannot be held in {folder}: {error}.", hint=f"df {folder.parent}") from error
