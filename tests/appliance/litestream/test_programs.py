"""Which Litestream is used, and which is refused."""

import shutil
from pathlib import Path

import pytest

from sysmon_agent.errors import ConfigError
from sysmon_appliance.litestream.programs import LitestreamProgram, find_litestream


def pretender(folder: Path, answer: str) -> str:
    """Write a program that answers as Litestream does to `version`."""
    path = folder / "litestream"
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o700)
    return str(path)


def test_the_real_program_is_taken(litestream_program: LitestreamProgram) -> None:
    """Litestream of this machine is found, and its release is known."""
    assert shutil.which(litestream_program.path)
    assert litestream_program.version.startswith("0.5.")


@pytest.mark.parametrize("version", ["v0.5.18", "0.5.18", "v0.5.21", "v0.5.19-1"])
def test_a_release_of_the_series_is_taken(tmp_path: Path, version: str) -> None:
    """The oldest that is known to work and all later ones of its series are taken, however they write it."""
    assert find_litestream(pretender(tmp_path, f"echo {version}")).path == tmp_path / "litestream"


@pytest.mark.parametrize(
    "answer", ["echo v0.5.17", "echo v0.3.13", "echo v0.6.0", "echo v1.0.0", "echo hello", "exit 1", "kill $$"]
)
def test_another_release_is_refused(tmp_path: Path, answer: str) -> None:
    """What is older, of another series, or not Litestream at all is a fault of the settings, with what is needed."""
    with pytest.raises(ConfigError, match=r"0\.5\.18 or a later 0\.5 is needed"):
        find_litestream(pretender(tmp_path, answer))


def test_a_program_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A name that leads nowhere is a fault of the settings."""
    with pytest.raises(ConfigError, match="there is no program"):
        find_litestream(str(tmp_path / "litestream"))
