"""What simulated hosts are given before they start."""

import json
from pathlib import Path
from typing import Any

import pytest

from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.joining import Trust
from sysmon_appliance.local.plan import plan
from sysmon_appliance.local.simulated import SimulatedHosts
from tests.support.authority import LocalAuthority
from tests.support.clock import ManualClock
from tests.support.system import free_port

FORMER = "f223aa0cc1a16811f257c84da5e675ee"
"""The id that earlier versions gave to the first simulated host."""


class Tokens:
    """Makes tokens that say what they were made for."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, *, uses: int = 1, replaces: str = "") -> str:
        self.made.append(replaces or f"{uses} new")
        return self.made[-1]


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    folder = LocalFolder(tmp_path)
    folder.prepare(ManualClock())
    return folder


def prepared(folder: LocalFolder, tokens: Tokens, *, count: int) -> list[dict[str, Any]]:
    clock = ManualClock()
    trust = Trust(folder.prepare(clock), clock, grace_seconds=0)
    environ = {
        "SYSMON_INGEST__LISTEN": f"127.0.0.1:{free_port()}",
        "SYSMON_CONSOLE__LISTEN": f"127.0.0.1:{free_port()}",
    }
    SimulatedHosts(folder, plan(folder, environ), environ, count=count).prepare(trust, tokens)
    hosts: list[dict[str, Any]] = json.loads((folder.root / "demo.json").read_text())["hosts"]
    return hosts


def give_identity(host: dict[str, Any], host_id: str, authority: Path) -> None:
    """Put the files of a host of some authority in the place where the simulated host has its own."""
    issued = LocalAuthority.open(authority, ManualClock()).agent(host_id)
    Path(host["certificate"]).parent.mkdir(exist_ok=True)
    issued.certificate.replace(host["certificate"])
    issued.key.replace(host["key"])


def test_new_hosts_share_a_token(folder: LocalFolder) -> None:
    """Hosts that are new join with one token, made for as many as there are."""
    tokens = Tokens()
    hosts = prepared(folder, tokens, count=3)
    assert tokens.made == ["3 new"]
    assert [host["token"] for host in hosts] == ["3 new"] * 3
    assert (folder.root / "demo.json").stat().st_mode & 0o077 == 0


def test_hosts_that_can_renew_need_no_token(folder: LocalFolder) -> None:
    """Hosts that were there before come back as they are, and only those that are added get a token."""
    first, _ = prepared(folder, Tokens(), count=2)
    give_identity(first, "ab" * 16, folder.root / "pki")
    tokens = Tokens()
    hosts = prepared(folder, tokens, count=2)
    assert [host["token"] for host in hosts] == ["", "1 new"]


def test_a_history_goes_on_under_another_authority(folder: LocalFolder, tmp_path: Path) -> None:
    """A host whose certificate can't be renewed any more gets a token that is bound to what it was."""
    first, _ = prepared(folder, Tokens(), count=2)
    give_identity(first, "ab" * 16, tmp_path / "former")
    hosts = prepared(folder, Tokens(), count=2)
    assert [host["token"] for host in hosts] == ["ab" * 16, "1 new"]


def test_hosts_of_earlier_versions_keep_their_history(folder: LocalFolder) -> None:
    """A simulated host of a folder of an earlier version goes on as the one that it was."""
    LocalAuthority.open(folder.root / "pki", ManualClock()).agent(FORMER)
    (host,) = prepared(folder, Tokens(), count=1)
    assert host["token"] == FORMER
