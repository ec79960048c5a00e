"""Values on their way in, held in files."""

import errno
from pathlib import Path

import numpy as np
import pytest

from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.segments import DAY_MS
from sysmon_appliance.errors import StorageError
from sysmon_appliance.segments.files import SegmentFile
from sysmon_appliance.segments.staging import StagedFiles, StagingFolder
from tests.support.head import host

SCHEMA = Schema((Series("system.uptime"), Series("system.memory.usage")))
HOST = host(7)


def add(staging: StagedFiles, t: list[int]) -> int:
    values = np.arange(2.0 * len(t)).reshape(2, len(t))
    return staging.add(HOST, SCHEMA, np.array(t, np.int64), values)


def test_a_row_never_reaches_over_midnight(tmp_path: Path) -> None:
    """Values of several days are rows of a day each, so that each day can be read without the others."""
    staging = StagedFiles(tmp_path / "one")
    add(staging, [5, DAY_MS - 1, DAY_MS, 3 * DAY_MS])
    [path] = staging.finish()
    with SegmentFile.open(path) as file:
        found = [(row.ticks().t.tolist(), row.ticks().all().tolist()) for row in file.rows(HOST.key)]
        assert [(entry.key, entry.host_id, entry.name) for entry in file.hosts()] == [(7, HOST.host_id, "host-7")]
    assert found == [
        ([5, DAY_MS - 1], [[0.0, 1.0], [4.0, 5.0]]),
        ([DAY_MS], [[2.0], [6.0]]),
        ([3 * DAY_MS], [[3.0], [7.0]]),
    ]


def test_files_are_closed_when_they_are_full(tmp_path: Path) -> None:
    """Many values are in several files, listed in order of arrival, and their sizes add up."""
    staging = StagedFiles(tmp_path / "one", file_bytes=1)
    sizes = [add(staging, [at_ms]) for at_ms in (3, 1, 2)]
    paths = staging.finish()
    assert sizes[-1] == sum(path.stat().st_size for path in paths)
    starts = []
    for path in paths:
        with SegmentFile.open(path) as file:
            starts += [row.start_ms for row in file.rows()]
    assert starts == [3, 1, 2]


def test_nothing_is_left_of_what_is_discarded(tmp_path: Path) -> None:
    """An import that is dropped leaves nothing, whether or not it had values, and dropping it twice is fine."""
    area = StagingFolder(tmp_path / "imports")
    used, unused = area.begin("used"), area.begin("unused")
    used.add(HOST, SCHEMA, np.array([1]), np.ones((2, 1)))
    assert (tmp_path / "imports" / "used").is_dir()
    for staging in (used, used, unused):
        staging.discard()
    assert not list((tmp_path / "imports").iterdir())


def test_left_overs_are_cleared(tmp_path: Path) -> None:
    """What a process that was killed has left goes with the next start."""
    folder = tmp_path / "imports"
    area = StagingFolder(folder)
    area.clear()
    area.begin("one").add(HOST, SCHEMA, np.array([1]), np.ones((2, 1)))
    StagingFolder(folder).clear()
    assert not folder.exists()


def test_others_cannot_read_what_is_held(tmp_path: Path) -> None:
    """Folders and files are their owner's alone."""
    area = StagingFolder(tmp_path / "imports")
    staging = area.begin("one")
    staging.add(HOST, SCHEMA, np.array([1]), np.ones((2, 1)))
    [path] = staging.finish()
    assert [each.stat().st_mode & 0o777 for each in (path, path.parent)] == [0o600, 0o700]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where nothing can be held, the error says where and what to run."""
    blocked = tmp_path / "imports"
    blocked.write_text("in the way")
    with pytest.raises(StorageError, match="cannot be held") as refused:
        add(StagedFiles(blocked / "one"), [1])
    assert refused.value.hint == f"df {blocked}"
    assert isinstance(refused.value.__cause__, OSError)
    assert refused.value.__cause__.errno in {errno.ENOTDIR, errno.EEXIST}
