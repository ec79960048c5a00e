"""Answers about storage."""

from collections.abc import Sequence
from pathlib import Path

from sysmon_appliance.config import RetentionSettings
from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.services.remembered import Remembered
from sysmon_appliance.services.storage import disk_of
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.head import Directory, host
from tests.support.storage import ListManifest, StoredThings, segment


class SameManifest(ListManifest):
    """Returns the same sequence as long as nothing has changed, as the real one does."""

    def all(self) -> Sequence[Segment]:
        return self.segments


def test_a_forecast_is_told_again_for_a_minute() -> None:
    """Pages that ask again and again cost one forecast a minute, unless segments have changed."""
    stored, clock = StoredThings(manifest=SameManifest([segment()])), ManualClock()
    storage = stored.storage(Directory([host()]), InstantBarrier(), clock)
    first = storage.forecast(30)
    assert storage.forecast(30) is first
    assert storage.forecast(31) is not first
    again = storage.forecast(30)
    clock.advance(61)
    assert storage.forecast(30) is not again
    newest = storage.forecast(30)
    stored.manifest.segments = [segment(), segment(day=20_001)]
    assert storage.forecast(30).per_day == newest.per_day
    assert storage.forecast(30).points[0].raw == 2 * newest.points[0].raw


def test_a_standby_shows_since_when_the_leaders_rules_hold() -> None:
    """Rules that the leader has changed today are shown as changed today, whoever is asked."""
    storage = StoredThings().storage(Directory([host()]), InstantBarrier(), clock := ManualClock())
    changed_ms = clock.wall_ms() - 1000
    noted = Remembered(RetentionSettings(), changed_ms, RetentionSettings(raw_days=90))
    assert storage.state().changed is None
    storage.reload(noted.text)
    assert storage.state().changed == changed_ms


def test_the_disk_of_a_folder_that_is_not_there_yet_is_known(tmp_path: Path) -> None:
    """Before the first segment is written, the disk is that on which the folder will be."""
    disk = disk_of(tmp_path / "not" / "there")
    assert disk.folder == str(tmp_path / "not" / "there")
    assert 0 < disk.free <= disk.total
