"""The resident program's own few parts."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event

import pytest

from sysmon_agent.config.handing import settings_from
from sysmon_agent.config.values import AgentSettings, CollectSettings, SpoolSettings
from sysmon_agent.loop.renewing import Renewing
from sysmon_agent.loop.sending import Channel
from sysmon_agent.resident import _outcome, _work, draw
from tests.support.agent_rig import Rig
from tests.support.clock import ManualClock


def test_settings_travel_as_json() -> None:
    """The settings that were checked are the settings that are used, whatever they hold."""
    settings = replace(
        AgentSettings(),
        labels={"role": "db", "env": "dev"},
        tags=("a", "b"),
        collect=CollectSettings(disable=("cpu",)),
        spool=SpoolSettings(max_bytes=1 << 30),
    )
    assert settings_from(AgentSettings, json.loads(json.dumps(asdict(settings)))) == settings


def test_random_numbers_lie_between_0_and_1() -> None:
    """Pauses are drawn from the whole range and never exceed it."""
    drawn = [draw() for _ in range(200)]
    assert all(0 <= number < 1 for number in drawn)
    assert min(drawn) < 0.2
    assert max(drawn) > 0.8


def test_a_child_that_ends_leaves_its_code() -> None:
    """Whoever starts the renewal learns how it ended."""
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", "import sys; sys.exit(7)"], os.environ)
    assert _outcome(child, Event()) == 7


UNATTENDED = """
import os, signal, sys
from threading import Event
from sysmon_agent.resident import _outcome, _stop_on_signals
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
_stop_on_signals(Event())
child = os.posix_spawn(sys.executable, [sys.executable, "-c", "import sys; sys.exit(7)"], os.environ)
sys.exit(_outcome(child, Event()))
"""


def test_a_child_is_heard_of_whoever_started_the_agent() -> None:
    """Where the agent was started by a program that ignores its children, its own child still leaves its code."""
    assert subprocess.run([sys.executable, "-c", UNATTENDED], check=False, timeout=60).returncode == 7


def test_a_child_ends_with_the_agent() -> None:
    """A renewal that is under way when the agent is stopped does not outlive it."""
    stop = Event()
    stop.set()
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"], os.environ)
    assert _outcome(child, stop) == -signal.SIGTERM


def test_a_child_that_hangs_is_ended() -> None:
    """A renewal that never comes to an end does not keep the next one from being tried."""
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"], os.environ)
    assert _outcome(child, Event(), looks=2) == -signal.SIGTERM


def test_an_agent_whose_delivery_breaks_ends(tmp_path: Path) -> None:
    """A fault of the agent's own in the sending thread ends the agent instead of leaving it silent."""

    def connect(_address: str) -> Channel:
        raise ZeroDivisionError

    rig = Rig(tmp_path, ManualClock(), connect)
    renewing = Renewing(str(tmp_path / "none.pem"), rig.clock, renew=lambda *, clone: 1, draw=draw)  # noqa: ARG005
    with pytest.raises(ZeroDivisionError):
        _work(rig.collecting, rig.sending, renewing, Event())
    rig.spool.close()
