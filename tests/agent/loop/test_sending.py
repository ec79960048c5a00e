"""What people can read in the log about delivery."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_agent.errors import TransportError
from sysmon_agent.loop.sending import Channel
from tests.support.agent_rig import Rig
from tests.support.clock import ManualClock
from tests.support.model_server import ModelServer, problem


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def messages(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    return [
        f"{record.message} {vars(record).get('reason', '')}".strip()
        for record in caplog.records
        if record.levelno >= level and record.name == "sysmon_agent.loop.sending"
    ]


def test_an_outage_is_logged_once_and_its_end_too(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A hundred attempts that fail alike are one line, and so is the first success after them."""
    caplog.set_level(logging.INFO)
    server = ModelServer(clock.wall_ms)
    up = False

    def connect(address: str) -> Channel:
        if not up:
            raise TransportError("it is not there")
        return server.connect(address)

    rig = Rig(tmp_path, clock, connect)
    for _ in range(100):
        rig.collect()
        rig.sending.deliver()
    up = True
    rig.collect()
    rig.drain()
    assert messages(caplog) == ["Delivery waits. it is not there", "Batches are delivered again."]


def test_two_aggregators_that_fail_in_turn_are_two_lines(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Each reason is logged once until something is delivered, however often they take turns."""
    caplog.set_level(logging.INFO)

    def connect(address: str) -> Channel:
        raise TransportError(f"{address} is not there")

    rig = Rig(tmp_path, clock, connect)
    for _ in range(100):
        rig.collect()
        rig.sending.deliver()
    assert messages(caplog) == ["Delivery waits. a:1 is not there", "Delivery waits. b:1 is not there"]


def test_a_refused_identity_is_an_error(tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    """What only people can change is logged as an error."""
    server = ModelServer(clock.wall_ms)
    server.refuse = lambda _: problem(403, "bad_identity")
    rig = Rig(tmp_path, clock, server.connect)
    rig.collect()
    rig.sending.deliver()
    assert messages(caplog, logging.ERROR) == ["Delivery waits. The aggregator refuses this agent: bad_identity."]


def test_an_old_leader_is_named(tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    """An answer of an epoch that is over is logged, for somebody may have restored the wrong backup."""
    server = ModelServer(clock.wall_ms, epoch=2, learns_epochs=False)
    rig = Rig(tmp_path, clock, server.connect)
    rig.spool.release(0, epoch=5)
    rig.restart()
    rig.collect()
    rig.sending.deliver()
    assert messages(caplog) == ["Delivery waits. The aggregator is of epoch 2, an old one; it is ignored."]


def test_a_start_over_is_logged(tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    """A spool that was restored or copied is worth a warning."""
    server = ModelServer(clock.wall_ms)
    rig = Rig(tmp_path / "a", clock, server.connect)
    rig.collect(3)
    rig.drain()
    copy = Rig(tmp_path / "b", clock, server.connect)
    copy.spool._state = replace(copy.spool._state, stream_id=rig.spool.stream_id)  # as before the first tick
    copy.collect()
    copy.drain()
    assert any(message.startswith("The aggregator has another history") for message in messages(caplog))
