"""What the database says of its head, and what it remembers of retention."""

from pathlib import Path

from sysmon_appliance.domain.retention import NoteRetention
from sysmon_appliance.sqlite.live import FILE_NAME
from tests.support.live import append, appends, commit, live
from tests.support.pushes import NOW_MS, a_batch


def test_an_empty_head_has_no_times(tmp_path: Path) -> None:
    """Where nothing was stored there are no batches and no times, and the file is there all the same."""
    with live(tmp_path) as database:
        contents = database.contents.contents()
        assert (contents.batches, contents.from_ms, contents.to_ms) == (0, None, None)
        assert contents.bytes > 0
        assert contents.file_bytes >= (tmp_path / FILE_NAME).stat().st_size


def test_the_head_tells_its_batches_and_their_times(tmp_path: Path) -> None:
    """Batches are counted, and the earliest and the latest tick are told, corrected for the host's clock."""
    with live(tmp_path) as database:
        commit(database, *appends(1, 3), append(4, a_batch(4), offset_ms=60_000))
        contents = database.contents.contents()
        assert contents.batches == 4
        assert contents.from_ms == NOW_MS
        assert contents.to_ms == NOW_MS + 3 * 1000 + 60_000
        assert contents.file_bytes >= contents.bytes


def test_what_is_noted_of_retention_is_there_after_a_restart(tmp_path: Path) -> None:
    """The newest note is remembered, and nothing before the first."""
    with live(tmp_path) as database:
        assert database.state.retention == ""
        commit(database, NoteRetention("one"), NoteRetention("two"))
    with live(tmp_path) as database:
        assert database.state.retention == "two"
