"""What is shipped, and what it depends on."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import sysmon_agent
import sysmon_appliance
from tests.support.tree import read, under

AGENT_DEPENDENCIES = Path(__file__).with_name("agent_dependencies.txt")

FORBIDDEN_IN_THE_AGENT = {
    "httpx": "16 MB of memory and ten times the time of a raw socket per push",
    "httpx2": "as httpx",
    "msgspec": "5 MB of memory; settings are read before the resident program starts",
    "numpy": "16 MB of memory for arithmetic that the array module does",
    "orjson": "3.5 MB of memory; nothing on the wire is JSON",
    "protobuf": "6 MB of memory for a few fields that are written by hand",
    "pydantic": "more memory than the whole agent",
    "requests": "urllib3 and 14 MB of memory below it",
    "typer": "the agent's few commands are argparse's",
    "urllib3": "14 MB of memory",
}


def project(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(read(f"{name}/pyproject.toml"))["project"]
    return found


def test_both_distributions_carry_one_version() -> None:
    """Agent and appliance are released together under one version, and the appliance pins its agent exactly."""
    version = project("agent")["version"]
    assert project("appliance")["version"] == version
    assert f"sysmon-agent=={version}" in project("appliance")["dependencies"]
    assert sysmon_agent.__version__ == sysmon_appliance.__version__ == version


def test_agent_depends_on_nothing_new() -> None:
    """A new dependency of the agent is a visible change of the list beside this test."""
    assert sorted(project("agent")["dependencies"]) == AGENT_DEPENDENCIES.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", sorted(FORBIDDEN_IN_THE_AGENT))
def test_agent_stays_light(name: str) -> None:
    """The agent depends on no package whose weight a small host would notice."""
    declared = {Requirement(line).name.lower() for line in project("agent")["dependencies"]}
    assert name not in declared, FORBIDDEN_IN_THE_AGENT[name]


def test_lock_verifies_every_package() -> None:
    """Each package of the lock is pinned to one version and has hashes."""
    entries = [entry for entry in re.split(r"\n(?=\S)", read("requirements.lock")) if entry.strip()]
    assert not [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]


def test_lock_names_no_address() -> None:
    """The lock holds no address, so a mirror or an air gap changes nothing in it."""
    assert "://" not in read("requirements.lock")


def test_lock_does_not_hold_our_own_packages() -> None:
    """Agent and appliance are installed from the clone and never looked up in a registry."""
    assert "sysmon" not in read("requirements.lock")


def test_console_lock_names_no_address() -> None:
    """The console's lock holds versions and checksums and no address of a registry."""
    for name in under("appliance/console", suffix="package-lock.json"):
        packages = json.loads(read(name))["packages"]
        assert not [key for key, entry in packages.items() if "resolved" in entry and not entry.get("link")]
        assert not [key for key, entry in packages.items() if key and "integrity" not in entry]
