"""Delivery as a whole: the real spool, uplink and loops against the rules of the aggregator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sysmon_agent.loop.renewing import Notice
from sysmon_agent.transport import Response
from sysmon_agent.wire.encode import encode_reply
from sysmon_agent.wire.messages import Batch, GapReason, Reply
from tests.support.agent_rig import OTHER_SCHEMA, Rig
from tests.support.clock import ManualClock
from tests.support.model_server import Fate, Killed, ModelLink, ModelServer, problem


@contextmanager
def snapshot_of(folder: Path) -> Iterator[Callable[[], None]]:
    """Remember what a folder holds; the function that is given puts it back."""
    content = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    def restore() -> None:
        for path in folder.iterdir():
            path.unlink()
        for path, data in content.items():
            path.write_bytes(data)

    yield restore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def server(clock: ManualClock) -> ModelServer:
    return ModelServer(clock.wall_ms)


@pytest.fixture
def rig(tmp_path: Path, clock: ManualClock, server: ModelServer) -> Rig:
    return Rig(tmp_path / "spool", clock, server.connect)


def test_a_tick_is_sent_as_soon_as_it_is_taken(rig: Rig, server: ModelServer) -> None:
    """When all is well, each tick travels alone and at once."""
    for _ in range(3):
        rig.collect()
        rig.sending.deliver()
    assert [batch.count for batch in server.batches if batch.schema is None][1:] == [1, 1]
    assert server.values() == [1.0, 2.0, 3.0]


def test_the_schema_travels_only_when_it_is_asked_for(rig: Rig, server: ModelServer) -> None:
    """A schema is sent once, after the aggregator said that it does not know it."""
    rig.collect(3)
    rig.sending.deliver()
    rig.schema = OTHER_SCHEMA
    rig.collect(3)
    rig.sending.deliver()
    assert [batch.schema is not None for batch in server.batches] == [False, True, False, True]
    assert server.values() == [1, 2, 3, 4, 5, 6]


def test_ticks_that_waited_travel_together(rig: Rig, server: ModelServer) -> None:
    """After an outage, ticks are sent in batches of the configured size."""
    rig.collect(60)
    rig.sending.deliver()
    assert [batch.count for batch in server.batches[1:]] == [25, 25, 10]
    assert server.values() == [float(value) for value in range(1, 61)]


def test_a_lost_reply_doubles_nothing(rig: Rig, server: ModelServer) -> None:
    """A batch whose reply was lost is not stored a second time, however it is cut then."""
    rig.collect(2)
    server.fates = [Fate.ANSWERED, Fate.ANSWERED, Fate.LOST_REPLY]
    rig.sending.deliver()
    rig.collect(5)
    rig.drain()
    assert server.values() == [1, 2, 3, 4, 5, 6, 7]


def test_missed_slots_are_declared(rig: Rig, server: ModelServer, clock: ManualClock) -> None:
    """An agent that did not get to run declares the ticks it missed as overruns."""
    rig.collect()
    clock.advance(35)
    rig.collecting.collect()
    rig.drain()
    assert server.missing(GapReason.OVERRUN) == 2
    assert server.values() == [1, 2]


def test_a_step_of_the_wall_clock_moves_no_tick(rig: Rig, server: ModelServer, clock: ManualClock) -> None:
    """Setting the time, forward or back, neither makes nor loses a tick."""
    rig.collect(2)
    clock.wall += 86_400_000
    rig.collect(2)
    clock.wall -= 2 * 86_400_000
    rig.collect(2)
    rig.drain()
    assert server.values() == [1, 2, 3, 4, 5, 6]
    assert sum(len(stored.gaps) for stored in server.streams.values()) == 0


def test_downtime_of_the_agent_is_counted(rig: Rig, server: ModelServer, clock: ManualClock) -> None:
    """Ticks that a dead agent did not take are missing by reason agent_down."""
    rig.collect(2)
    clock.advance(50)
    rig.restart()
    rig.collect()
    rig.drain()
    assert server.missing(GapReason.AGENT_DOWN) == 4
    assert server.values() == [1, 2, 3]


@pytest.mark.parametrize("fate", [Fate.KILLED_BEFORE, Fate.KILLED_AFTER])
def test_kill_while_sending_loses_nothing(rig: Rig, server: ModelServer, fate: Fate) -> None:
    """An agent that dies while it sends goes on where the aggregator is."""
    rig.collect(3)
    server.fates = [Fate.ANSWERED, Fate.ANSWERED, fate]
    with pytest.raises(Killed):
        rig.sending.deliver()
    rig.restart()
    rig.collect(2)
    rig.drain()
    assert server.values() == [1, 2, 3, 4, 5]


def test_a_reverted_machine_starts_a_stream_of_its_own(rig: Rig, server: ModelServer, clock: ManualClock) -> None:
    """A virtual machine that goes back to a snapshot never mixes its new ticks with those that are stored."""
    rig.collect(3)
    rig.drain()
    with snapshot_of(rig.folder) as restore:
        boot = clock.boot
        rig.collect(3)
        rig.drain()
    restore()
    clock.boot = boot
    rig.restart()
    rig.collect(2)
    rig.drain()
    assert len(server.streams) == 2
    assert set(server.values()) == {1, 2, 3, 4, 5, 6, 7, 8}


def test_a_restored_spool_leaves_what_is_stored_as_it_is(rig: Rig, server: ModelServer, clock: ManualClock) -> None:
    """A spool that was put back to an earlier copy takes the time since for an absence, and overwrites nothing."""
    rig.collect(3)
    rig.drain()
    with snapshot_of(rig.folder) as restore:
        rig.collect(3)
        rig.drain()
    restore()
    clock.advance(25)
    rig.restart()
    rig.collect(2)
    rig.drain()
    assert len(server.streams) == 2
    assert set(server.values()) == {1, 2, 3, 4, 5, 6, 7, 8}


def test_an_aggregator_that_went_back_gets_again_what_is_kept(rig: Rig, server: ModelServer) -> None:
    """After a restore of the aggregator, delivered ticks that the spool still keeps are sent again."""
    rig.collect(4)
    rig.drain()
    server.streams.clear()
    server.fates = [Fate.LOST_REQUEST]
    rig.collect(1)
    rig.drain()
    assert server.values() == [1, 2, 3, 4, 5]


def test_what_is_kept_no_longer_is_declared_as_restored(rig: Rig, server: ModelServer, clock: ManualClock) -> None:
    """Delivered ticks that are deleted cannot be sent again: an aggregator that went back is told so."""
    rig.collect(40)
    rig.drain()
    clock.advance(2000)
    rig.collect(40)
    rig.drain()
    server.streams.clear()
    rig.restart()
    rig.collect(1)
    rig.drain()
    assert server.missing(GapReason.RESTORED) > 0
    assert server.values()[-41:] == [float(value) for value in range(41, 82)]


def test_a_tick_refused_for_good_is_set_aside_alone(rig: Rig, server: ModelServer, tmp_path: Path) -> None:
    """One tick that the aggregator cannot take is kept in rejected/, and its neighbours are delivered."""

    def refuse(batch: Batch) -> object:
        values = memoryview(batch.columns).cast("d")[: batch.count].tolist()
        return problem(400, "malformed_message") if 5.0 in values else None

    server.refuse = refuse  # type: ignore[assignment]
    rig.collect(9)
    rig.drain()
    assert server.values() == [1, 2, 3, 4, 6, 7, 8, 9]
    assert server.missing(GapReason.REJECTED) == 1
    assert len(list((tmp_path / "spool" / "rejected").iterdir())) == 1


def test_a_tick_once_set_aside_stays_so(rig: Rig, server: ModelServer) -> None:
    """A restart does not bring back what was declared as rejected."""
    server.refuse = lambda batch: problem(413, "oversized_message") if batch.count else None
    rig.collect(2)
    rig.drain()
    server.refuse = lambda _: None
    server.streams.clear()
    rig.restart()
    rig.collect()
    rig.drain()
    assert server.missing(GapReason.REJECTED) == 2
    assert server.values() == [3]


def test_a_full_storage_is_waited_for(rig: Rig, server: ModelServer, clock: ManualClock) -> None:
    """While the aggregator's disk is full, batches are kept and offered again when it said."""
    server.refuse = lambda _: problem(507, "storage_full", retry_after=30)
    rig.collect(2)
    rig.sending.deliver()
    offered = len(server.batches)
    clock.advance(20)
    rig.sending.deliver()
    assert len(server.batches) == offered
    server.refuse = lambda _: None
    rig.drain()
    assert server.values() == [1, 2]


def test_old_epochs_are_ignored(rig: Rig, server: ModelServer) -> None:
    """An answer of a leader that has been replaced counts for nothing."""
    server.epoch = 7
    rig.collect()
    rig.drain()
    stale = ModelServer(server.now_ms, epoch=3, learns_epochs=False)
    rig._connect = stale.connect
    rig.restart()
    rig.collect()
    rig.sending.deliver()
    assert rig.spool.epoch == 7
    assert stale.values() == []


def test_a_renewal_while_catching_up_reconnects_between_batches(
    tmp_path: Path, clock: ManualClock, server: ModelServer
) -> None:
    """A new certificate is shown from the next batch on, on a connection of its own; nothing is lost or doubled."""
    connections = []

    def connect(address: str) -> ModelLink:
        connections.append(len(server.batches))
        return server.connect(address)

    rig = Rig(tmp_path / "spool", clock, connect)
    rig.collect(150)

    def renew(_: Batch) -> None:
        if len(server.batches) == 2:
            rig.sending.use_certificate(new_host=False)

    server.refuse = renew
    rig.drain()
    assert connections == [0, 2]
    assert server.values() == [float(number) for number in range(1, 151)]


def test_another_host_starts_a_stream_of_its_own(rig: Rig, server: ModelServer) -> None:
    """After the certificate of another host has come, numbers begin anew in another stream, and all is delivered."""
    rig.collect(3)
    rig.drain()
    rig.collect(2)
    rig.sending.use_certificate(new_host=True)
    rig.drain()
    first, second = server.streams.values()
    assert (first.stream.last, second.stream.last) == (3, 2)
    assert server.values() == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("refusal", "notice"),
    [
        (problem(409, "cloned_identity"), Notice.CLONED),
        (problem(403, "certificate_expired"), Notice.EXPIRED),
    ],
)
def test_what_refusals_say_of_the_certificate_is_passed_on(
    rig: Rig, server: ModelServer, refusal: Response, notice: Notice
) -> None:
    """Whoever looks after the certificate hears what an aggregator says of it."""
    server.refuse = lambda _: refusal
    rig.collect()
    rig.sending.deliver()
    assert rig.notices == [notice]


def test_a_reply_may_ask_for_a_renewal(rig: Rig, server: ModelServer) -> None:
    """A reply that asks for a renewal is one like any other besides."""
    server.refuse = lambda batch: Response(200, {}, encode_reply(Reply(1, batch.last, batch.last, renew=True)))
    rig.collect()
    rig.sending.deliver()
    assert rig.notices == [Notice.RENEW]
    assert rig.spool.durable == 1
