"""A host is joined by two people with folders of their own and nothing in common but a token."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from tests.support.operators import run
from tests.support.system import Program, UnixConnection, eventually, free_port

AS_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


def prefix() -> Sequence[str]:
    """Return what makes a command one of an ordinary user; root's own would use the folders of the system."""
    if os.geteuid() != 0:
        return ()
    tried = subprocess.run([*AS_USER, sys.executable, "--version"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("root cannot be another user here")
    return AS_USER


class User:
    """Somebody with a home of their own."""

    def __init__(self, home: Path, **variables: str) -> None:
        home.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SYSMON_"))}
        self.home = home
        self.environment: Mapping[str, str] = {**kept, "HOME": str(home), **variables}

    def run(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run `sysmon-agent` as this user."""
        command = [*prefix(), sys.executable, "-m", "sysmon_agent", *words]
        return subprocess.run(
            command, input=text, env=self.environment, capture_output=True, text=True, timeout=100, check=False
        )

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [*prefix(), sys.executable, "-m", "sysmon_agent", *words]
        return subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)


@pytest.fixture
def operator() -> Iterator[User]:
    folder = Path(mkdtemp(prefix="sysmon-"))  # short enough for sockets
    listen = {
        "SYSMON_INGEST__LISTEN": f"127.0.0.1:{free_port()}",
        "SYSMON_CONSOLE__LISTEN": f"127.0.0.1:{free_port()}",
    }
    yield User(folder / "operator", **listen)
    shutil.rmtree(folder)


@pytest.fixture
def colleague(tmp_path: Path) -> User:
    return User(tmp_path / "colleague")


@pytest.fixture
def region(operator: User) -> Iterator[Program]:
    program = Program(
        ["-m", "sysmon_appliance.cli", "up", "--no-browser"], operator.home / "up.log", operator.environment
    )
    program.says("Ctrl-C stops it.")
    yield program
    program.stop()


def hosts(operator: User) -> list[dict[str, Any]]:
    (socket,) = operator.home.rglob("aggregator.sock")
    connection = UnixConnection(socket)
    try:
        connection.request("GET", "/api/v1/fleet")
        return list(json.loads(connection.getresponse().read())["hosts"])
    finally:
        connection.close()


@pytest.mark.usefixtures("region")
def test_a_token_is_all_that_two_users_share(operator: User, colleague: User) -> None:
    """With the token that one user prints, another one's agent enrols, and its data arrive; no option is given."""
    token = run("sysmon_appliance.cli", "token", "create", "-q", environment=operator.environment)
    joined = colleague.run("enroll", text=token)
    assert joined.returncode == 0, joined.stderr
    host_id = joined.stdout.split("\n")[0].removeprefix("This host is enrolled as ").rstrip(".")
    agent = colleague.start("run")
    try:
        eventually(lambda: host_id in with_data(operator), "the other user's host has data")
    finally:
        agent.terminate()
        agent.wait(60)
    keys = [key for home in (operator.home, colleague.home) for key in home.rglob("*key.pem")]
    assert len({key.read_bytes() for key in keys}) == len(keys)
    assert not [key for key in keys if key.stat().st_mode & 0o077]


@pytest.mark.usefixtures("region")
def test_a_used_token_lets_nobody_else_in(operator: User, colleague: User, tmp_path: Path) -> None:
    """A second host with the same token is refused, with the reason and a command, and gets no files."""
    token = run("sysmon_appliance.cli", "token", "create", "-q", environment=operator.environment)
    assert colleague.run("enroll", text=token).returncode == 0
    third = User(tmp_path / "third")
    refused = third.run("enroll", text=token)
    assert refused.returncode != 0
    assert "error[token_used_up]" in refused.stderr
    assert "hint: sysmon token create" in refused.stderr
    assert not list(third.home.rglob("*.pem"))


def with_data(operator: User) -> set[str]:
    return {host["id"] for host in hosts(operator) if any(value is not None for value in host["values"])}
