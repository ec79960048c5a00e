"""Storage in a whole aggregator."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import ConfigError
from sysmon_appliance.bootstrap import build
from sysmon_appliance.bootstrap.base import lay_base
from sysmon_appliance.config import ReplicaSettings, RetentionSettings, SegmentSettings
from tests.support.aggregator import over, running, settings_in


async def test_the_state_of_storage_is_answered(tmp_path: Path) -> None:
    """A new aggregator tells where it keeps segments, by which rules, and takes the wish to seal."""
    settings = replace(settings_in(tmp_path), retention=RetentionSettings(raw_days=7, rules=("role=db raw=90d",)))
    async with running(settings), over(settings.console.socket) as local:
        state = (await local.get("/api/v1/storage")).json()
        assert state["disk"]["folder"] == str(tmp_path / "segments")
        assert state["disk"]["total"] > 0
        assert [rule["raw_days"] for rule in state["rules"]] == [90, 7]
        assert (await local.get("/api/v1/storage/forecast")).json()["disk_full"] is None
        assert (await local.post("/api/v1/storage/seal")).status_code == 202
        assert "sysmon_storage_head_batches 0.0" in (await local.get("/metrics")).text.splitlines()


async def test_shorter_times_are_doubted_after_a_restart(tmp_path: Path) -> None:
    """An aggregator that starts with other rules than before says that both hold for a day."""
    settings = settings_in(tmp_path)
    async with running(settings), over(settings.console.socket) as local:
        assert (await local.get("/api/v1/storage")).json()["changed"] is None
    settings = replace(settings, retention=RetentionSettings(raw_days=1))
    async with running(settings), over(settings.console.socket) as local:
        assert (await local.get("/api/v1/storage")).json()["changed"] is not None


@pytest.mark.parametrize(("seconds", "kept"), [(600, 6 * 3600), (86_400, 86_400)])
def test_files_outlast_the_moments_that_name_them(tmp_path: Path, seconds: int, kept: int) -> None:
    """With a replica, the file of a dropped segment stays for longer than a moment can be restored."""
    settings = replace(
        settings_in(tmp_path),
        segments=SegmentSettings(keep_dropped_seconds=seconds),
        replica=ReplicaSettings(url=(tmp_path / "replica").as_uri(), keep_hours=5),
    )
    with ExitStack() as closing:
        base = lay_base(settings, SystemClock(), closing, key_passphrase=None)
        assert base.settings.segments.keep_dropped_seconds == kept


def test_rules_that_are_none_stop_the_start(tmp_path: Path) -> None:
    """With rules that cannot be understood nothing is begun: no history goes by a mistake."""
    settings = replace(settings_in(tmp_path), retention=RetentionSettings(rules=("role=db",)))
    with pytest.raises(ConfigError, match="names no time"), build(settings, SystemClock()):
        pass
    assert not (tmp_path / "live").exists()
