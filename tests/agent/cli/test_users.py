"""Two users of one machine, each with an agent of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.joining_commands import PATIENCE_SECONDS, PROGRAM
from tests.support.region import Region
from tests.support.system import eventually

AS_SOMEBODY = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


def can_be_somebody() -> bool:
    """Whether this test may run programs as somebody who is not root."""
    return os.geteuid() != 0 or subprocess.run([*AS_SOMEBODY, "true"], capture_output=True, check=False).returncode == 0


@dataclass
class User:
    """Somebody with a home folder, and nothing else that a program could write to."""

    home: Path
    aggregator: str

    @property
    def environ(self) -> dict[str, str]:
        """Only what a program needs: no XDG variable of whoever runs the tests."""
        return {"HOME": str(self.home), "PATH": os.environ["PATH"], "SYSMON_AGGREGATORS": self.aggregator}

    def command(self, *words: str) -> list[str]:
        return [*(AS_SOMEBODY if os.geteuid() == 0 else ()), *PROGRAM, *words]

    def run(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env=self.environ,
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        with subprocess.Popen(self.command("run"), env=self.environ, stderr=subprocess.DEVNULL) as agent:
            try:
                yield
            finally:
                agent.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="User namespaces, by which root can be somebody else, are Linux's.")
@pytest.mark.fault
def test_two_users_have_two_hosts(region: Region, tmp_path: Path) -> None:
    """Users who are not root need no settings: each enrols, and delivers, from folders below their own home."""
    if not can_be_somebody():
        pytest.skip("This machine lets root make no user namespace.")
    users = [User(tmp_path / name, region.address) for name in ("alice", "bob")]
    with ExitStack() as agents:
        for user in users:
            user.home.mkdir()
            enrolled = user.run("enroll", "--token-file", "-", text=region.token())
            assert enrolled.returncode == 0, enrolled.stderr
            assert f"{user.home}/.config/sysmon/pki/agent.pem" in enrolled.stdout
            agents.enter_context(user.running())
        hosts = region.hosts()
        assert len(hosts) == 2
        for host in hosts:
            eventually(lambda host=host: region.delivered(host), "each host delivers")  # type: ignore[misc]
    for user in users:
        assert {entry.name for entry in user.home.iterdir()} == {".config", ".local"}
        assert (user.home / ".local" / "state" / "sysmon" / "spool").is_dir()
