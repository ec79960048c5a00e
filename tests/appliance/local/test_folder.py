import os
from pathlib import Path

import pytest

from sysmon_agent.config.reader import read
from sysmon_agent.config.values import AgentSettings
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.errors import StorageError
from sysmon_appliance.local.folder import LocalFolder
from tests.support.clock import ManualClock


def prepared(root: Path) -> LocalFolder:
    folder = LocalFolder(root)
    assert folder.acquire()
    folder.prepare(ManualClock())
    return folder


def test_settings_and_certificates_fit_together(tmp_path: Path) -> None:
    """The settings files that are written are good; aggregator and agent have folders of their own for certificates."""
    folder = prepared(tmp_path / "data")
    agent = read(AgentSettings, path=folder.agent_file, environ={}, overrides={})
    aggregator = read(AggregatorSettings, path=folder.aggregator_file, environ={}, overrides={})
    assert Path(aggregator.ingest.authority).is_file()
    assert Path(aggregator.ingest.certificate).parent == Path(aggregator.ingest.key).parent == folder.root / "pki"
    assert {Path(name).parent for name in (agent.tls.certificate, agent.tls.key, agent.tls.authority)} == {
        folder.identity
    }
    assert agent.interval_seconds == 2
    assert Path(aggregator.data).parent == tmp_path / "data"


def test_a_second_start_keeps_everything(tmp_path: Path) -> None:
    """Settings that were edited, and the authority, survive the next start."""
    folder = prepared(tmp_path / "data")
    folder.agent_file.write_text("name: mine\n")
    before = {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()}
    LocalFolder(tmp_path / "data").prepare(ManualClock())
    assert {path: path.read_bytes() for path in folder.root.rglob("*") if path.is_file()} == before


def test_one_local_mode_per_folder(tmp_path: Path) -> None:
    """A second local mode in the same folder learns that it is the second."""
    folder = LocalFolder(tmp_path)
    assert folder.acquire()
    assert not LocalFolder(tmp_path).acquire()


def test_a_path_with_a_space_is_a_path(tmp_path: Path) -> None:
    """A data folder may have a space in its name."""
    folder = prepared(tmp_path / "my data")
    assert read(AgentSettings, path=folder.agent_file, environ={}, overrides={}).spool.directory.endswith(
        "my data/spool"
    )


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    """A folder that cannot be written is named, with another way to go."""
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="Permission denied"):
        LocalFolder(tmp_path / "data").acquire()


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    """A file where the folder should be is said in one sentence."""
    (tmp_path / "data").write_text("")
    with pytest.raises(StorageError) as caught:
        LocalFolder(tmp_path / "data").acquire()
    assert caught.value.hint == "sysmon up --data FOLDER"
