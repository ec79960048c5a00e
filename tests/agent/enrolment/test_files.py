"""Files that root writes for the user that the agent runs as."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.enrolment.files import replace_file


@pytest.fixture
def careful() -> Iterator[None]:
    """Let this process hide what it writes from everybody else, as many an administrator's shell does."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careful")
def test_a_file_can_be_read_whatever_the_umask(tmp_path: Path) -> None:
    """The modes are those that were asked for, or the agent could not read what root has written for it."""
    file = tmp_path / "conf.d" / "agent-enrolment.yaml"
    replace_file(file, "aggregators: []\n", folder_mode=0o755)
    assert (file.parent.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o755, 0o644)


@pytest.mark.usefixtures("careful")
def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    """Writing into a folder that somebody has closed does not open it."""
    tmp_path.chmod(0o700)
    replace_file(tmp_path / "agent.pem", "", folder_mode=0o755)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
