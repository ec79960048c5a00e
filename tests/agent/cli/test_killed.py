"""Killed at any point, an enrolment can be repeated, and a renewal leaves what there was."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sysmon_agent import identity
from sysmon_agent.clock import SystemClock
from sysmon_agent.config.values import TlsSettings
from tests.support.joining_commands import PATIENCE_SECONDS, Host
from tests.support.region import Region

KILLED_AT = """
import os, signal, sys
from itertools import count
from sysmon_agent.cli import main
number, folder, *arguments = sys.argv[1:]
steps = count(1)

def watch(event, values):
    writes = event == "open" and values[2] & (os.O_WRONLY | os.O_RDWR)
    changes = writes or event in {"os.rename", "os.remove", "os.mkdir"}
    if changes and str(values[0]).startswith(folder) and next(steps) == int(number):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
main(arguments)
"""
MOST_STEPS = 100


def killed_at(step: int, host: Host, *words: str, text: str = "") -> bool:
    """Run a command that is killed as it changes the identity for the n-th time; return whether it came to that."""
    command = [sys.executable, "-c", KILLED_AT, str(step), str(host.pki), *host.arguments(*words)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode != 0


def host_id_of(host: Host) -> str:
    tls = TlsSettings(str(host.certificate), str(host.key), authority=str(host.pki / "ca.pem"))
    return identity.load(tls, SystemClock()).certificate.peer.id


@pytest.mark.fault
def test_an_enrolment_that_is_killed_anywhere_can_be_repeated(region: Region, tmp_path: Path) -> None:
    """After kill -9 at any step the same command with the same token of one use ends in one enrolled host."""
    for step in range(1, MOST_STEPS):
        before = region.hosts()
        host = Host(tmp_path / f"host-{step}", region.address)
        token = region.token(uses=1)
        killed = killed_at(step, host, "enroll", "--token-file", "-", text=token)
        again = host.run("enroll", "--token-file", "-", text=token)
        assert again.returncode in {0, 6}, again.stderr
        assert region.hosts() - before == {host_id_of(host)}
        assert host.files() == {"agent.pem", "agent-key.pem", "ca.pem"}
        if not killed:
            return
    raise AssertionError("the enrolment did not end")


@pytest.mark.fault
def test_a_renewal_that_is_killed_anywhere_leaves_a_usable_identity(region: Region, host: Host) -> None:
    """After kill -9 at any step of a renewal the host can go on at once, with the old certificate or the new one."""
    host.run("enroll", "--token-file", "-", text=region.token())
    expected = host_id_of(host)
    for step in range(1, MOST_STEPS):
        killed = killed_at(step, host, "renew")
        assert host_id_of(host) == expected
        if not killed:
            return
    raise AssertionError("the renewal did not end")


@pytest.mark.fault
def test_another_identity_that_is_killed_anywhere_leaves_one_of_the_two(region: Region, host: Host) -> None:
    """After kill -9 at any step of --force the host is the one before or the one after, never neither."""
    host.run("enroll", "--token-file", "-", text=region.token())
    for step in range(1, MOST_STEPS):
        killed = killed_at(step, host, "enroll", "--force", "--token-file", "-", text=region.token())
        assert host_id_of(host) in region.hosts()
        if not killed:
            return
    raise AssertionError("the enrolment did not end")
