"""What happens to hellos and batches."""

import asyncio

import pytest

from sysmon_agent.errors import MalformedMessage, SysmonError
from sysmon_agent.wire.encode import encode_batch
from sysmon_agent.wire.messages import Batch, Gap, GapReason, Hello, Limits, Reply, Schema, Series
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_appliance.config import LimitSettings
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.changes import AppendBatch, OpenStream, RaiseEpoch, SaveHost, SaveSchema
from sysmon_appliance.domain.durability import AtOnce
from sysmon_appliance.domain.state import State
from sysmon_appliance.errors import (
    ClonedIdentityError,
    NeedHelloError,
    NeedSchemaError,
    RateLimitedError,
    StorageFullError,
    TooManyRequestsError,
    UnexpectedTickError,
    UnsupportedProtocolError,
)
from sysmon_appliance.services import ingest as ingest_module
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.services.catalog import CLOCK_FACT, Catalog
from sysmon_appliance.services.ingest import Answer, Ingest, Push
from sysmon_appliance.services.limits import AgentLimits
from sysmon_appliance.services.new_series import NewSeries
from sysmon_appliance.services.room import HeadRoom
from sysmon_appliance.services.series import SeriesCatalog
from tests.support.clock import ManualClock
from tests.support.pushes import HOST, NOW_MS, STREAM, a_batch, a_hello, gaps_alone
from tests.support.store import InstantStore

PEER = Peer("local", AGENT, HOST)
DEFAULTS = LimitSettings()
NOTHING = State("cluster", 1, hosts=(), schemas=(), streams=(), next_batch=1)


class Aggregator:
    """Ingest over a store that commits at once, unless a test lets it fail."""

    def __init__(self, limits: LimitSettings = DEFAULTS, *, room: int = 1 << 40) -> None:
        self.store = InstantStore()
        self.catalog = Catalog(NOTHING)
        self.barrier = GroupCommit(self.store, ManualClock(), gather_milliseconds=1)
        self.room = HeadRoom(room)
        self.series = SeriesCatalog(NOTHING, self.catalog, ManualClock())
        self.ingest = Ingest(
            NOTHING,
            self.catalog,
            self.barrier,
            limits=Limits(),
            pace=AgentLimits(limits),
            new_series=NewSeries(limits, self.series),
            room=self.room,
            watermark=AtOnce(),
        )
        self.ingest.listen(self.series.note)
        self._stored: list[StoredBatch] = []
        self.ingest.listen(self._stored.extend)

    async def stored(self) -> list[StoredBatch]:
        """What listeners were told of, once they were."""
        await asyncio.sleep(0)
        return self._stored

    async def greet(self, link: object, hello: Hello | None = None, *, now_ms: int = NOW_MS) -> Reply:
        return await self.ingest.hello(PEER, hello or a_hello(sent_ms=now_ms), link, received_ms=now_ms)

    def push(self, link: object, batch: Batch, *, now_ms: int = NOW_MS) -> "asyncio.Future[Answer]":
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.ingest.submit(Push(PEER, link, encode_batch(batch), now_ms, answered.set_result))
        return answered

    async def refusal(self, link: object, batch: Batch) -> Answer:
        answer = await self.push(link, batch)
        assert isinstance(answer, SysmonError)
        return answer

    @property
    def account(self) -> tuple[int, int, dict[GapReason, int]]:
        (entry,) = self.catalog.entries()
        return entry.last, entry.stored, entry.missing


@pytest.fixture
def aggregator() -> Aggregator:
    return Aggregator()


async def test_a_new_host_is_known_after_its_hello(aggregator: Aggregator) -> None:
    """The first hello of a host saves it, and the answer waits until it is saved."""
    reply = await aggregator.greet("connection")
    assert reply == Reply(epoch=1, stored=0, durable=0)
    (host,) = aggregator.catalog.all()
    assert (host.host_id, host.name, host.simulated) == (HOST, "web-01", False)
    assert aggregator.store.committed == [SaveHost(host)]


async def test_an_unchanged_host_is_not_saved_again(aggregator: Aggregator) -> None:
    """A hello that says nothing new writes nothing."""
    await aggregator.greet("connection")
    await aggregator.greet("another", now_ms=NOW_MS + 60_000)
    assert len(aggregator.store.committed) == 1


async def test_a_changed_description_is_saved(aggregator: Aggregator) -> None:
    """A host that has a new name is shown under it, and keeps the time at which it was first seen."""
    await aggregator.greet("connection")
    await aggregator.greet(
        "another", a_hello(facts=(("host.name", "web-02"),), sent_ms=NOW_MS + 60_000), now_ms=NOW_MS + 60_000
    )
    (host,) = aggregator.catalog.all()
    assert (host.name, host.first_seen_ms) == ("web-02", NOW_MS)


async def test_a_simulated_host_is_marked(aggregator: Aggregator) -> None:
    """A host that says it is simulated is marked as such."""
    await aggregator.greet("connection", a_hello(facts=(("sysmon.simulated", "true"),)))
    assert [host.simulated for host in aggregator.catalog.all()] == [True]


async def test_a_batch_is_acknowledged_once_it_is_committed(aggregator: Aggregator) -> None:
    """A batch that continues its stream is stored, and the answer says how far the stream is durable."""
    await aggregator.greet("connection")
    assert await aggregator.push("connection", a_batch(1, 3)) == Reply(epoch=1, stored=3, durable=3)
    assert [type(change) for change in aggregator.store.committed[1:]] == [OpenStream, SaveSchema, AppendBatch]
    assert aggregator.account == (3, 3, {})


async def test_readers_get_what_was_stored_as_arrays(aggregator: Aggregator) -> None:
    """Who shows live values gets times and values of each batch after its commit."""
    await aggregator.greet("connection")
    await aggregator.push("connection", a_batch(1, 3))
    (stored,) = await aggregator.stored()
    assert stored.wall_ms.tolist() == [NOW_MS, NOW_MS + 1000, NOW_MS + 2000]
    assert stored.values.tolist() == [[1, 2, 3], [100, 200, 300]]


async def test_batches_follow_each_other_without_waiting(aggregator: Aggregator) -> None:
    """A batch is accepted on top of one whose commit is still under way."""
    await aggregator.greet("connection")
    answers = [aggregator.push("connection", a_batch(number)) for number in (1, 2, 3)]
    assert [await answer for answer in answers] == [Reply(1, number, number) for number in (1, 2, 3)]


async def test_a_batch_sent_again_is_acknowledged_again_and_stored_once(aggregator: Aggregator) -> None:
    """After a lost reply the same batch is acknowledged again, and not stored again."""
    await aggregator.greet("connection")
    await aggregator.push("connection", a_batch(1, 3))
    assert await aggregator.push("connection", a_batch(2, 2)) == Reply(1, 3, 3)
    assert aggregator.account == (3, 3, {})


async def test_a_repeated_batch_is_not_acknowledged_before_the_first_is_committed(aggregator: Aggregator) -> None:
    """A batch sent twice at once is acknowledged twice, and only after its commit."""
    await aggregator.greet("connection")
    first, again = (aggregator.push("connection", a_batch(1)) for _ in range(2))
    assert not again.done()
    assert await first == await again == Reply(1, 1, 1)


async def test_a_batch_that_leaves_ticks_out_is_told_what_is_expected(aggregator: Aggregator) -> None:
    """An undeclared gap is refused, and the answer says which tick is expected."""
    await aggregator.greet("connection")
    await aggregator.push("connection", a_batch(1, 3))
    refusal = await aggregator.refusal("connection", a_batch(5))
    assert isinstance(refusal, UnexpectedTickError)
    assert refusal.expected == 4


async def test_declared_gaps_are_counted_by_reason(aggregator: Aggregator) -> None:
    """Ticks that are declared missing continue the stream, and the ledger has them by reason."""
    await aggregator.greet("connection")
    gaps = (Gap(1, 4, GapReason.HOST_DOWN), Gap(5, 5, GapReason.OVERRUN))
    assert await aggregator.push("connection", a_batch(6, skipped=gaps)) == Reply(1, 6, 6)
    assert aggregator.account == (6, 1, {GapReason.HOST_DOWN: 4, GapReason.OVERRUN: 1})


async def test_gaps_alone_continue_a_stream(aggregator: Aggregator) -> None:
    """A batch of gaps alone is acknowledged without a schema, and stored in the ledger alone."""
    await aggregator.greet("connection")
    assert await aggregator.push("connection", gaps_alone(Gap(1, 9, GapReason.SPOOL_FULL))) == Reply(1, 9, 9)
    assert aggregator.account == (9, 0, {GapReason.SPOOL_FULL: 9})
    assert await aggregator.stored() == []


async def test_an_unknown_schema_is_asked_for_once(aggregator: Aggregator) -> None:
    """A batch under an unknown schema is refused until it comes with its schema; later ones need none."""
    await aggregator.greet("connection")
    assert isinstance(await aggregator.refusal("connection", a_batch(1, with_schema=False)), NeedSchemaError)
    assert await aggregator.push("connection", a_batch(1)) == Reply(1, 1, 1)
    assert await aggregator.push("connection", a_batch(2, with_schema=False)) == Reply(1, 2, 2)


async def test_columns_that_do_not_fit_the_schema_are_refused(aggregator: Aggregator) -> None:
    """A batch that has fewer columns than its schema is malformed, and changes nothing."""
    await aggregator.greet("connection")
    batch = a_batch(1)
    short = Batch(
        batch.stream_id,
        batch.first,
        batch.wall_ms,
        batch.boot_ms,
        batch.columns[:8],
        batch.schema_hash,
        batch.sent,
        schema=batch.schema,
    )
    assert isinstance(await aggregator.refusal("connection", short), MalformedMessage)
    assert await aggregator.push("connection", batch) == Reply(1, 1, 1)


async def test_garbage_is_refused_and_counted(aggregator: Aggregator) -> None:
    """Bytes that are no batch are refused as malformed, and counted by code."""
    await aggregator.greet("connection")
    answers: list[Answer] = []
    aggregator.ingest.submit(Push(PEER, "connection", b"\xff" * 40, NOW_MS, answers.append))
    assert isinstance(answers[0], MalformedMessage)
    assert aggregator.ingest.refused == {"malformed_message": 1}


async def test_a_connection_that_said_no_hello_is_told_to(aggregator: Aggregator) -> None:
    """A batch without a hello before it is refused."""
    assert isinstance(await aggregator.refusal("connection", a_batch(1)), NeedHelloError)


async def test_a_batch_for_another_stream_than_the_hellos_is_refused(aggregator: Aggregator) -> None:
    """A connection may push only to the stream that it said hello for."""
    await aggregator.greet("connection")
    other = a_batch(1, stream=b"another stream !")
    assert isinstance(await aggregator.refusal("connection", other), NeedHelloError)


async def test_the_latest_hello_owns_the_stream(aggregator: Aggregator) -> None:
    """When an agent connects anew, its old connection can push no more."""
    await aggregator.greet("old")
    await aggregator.greet("new")
    assert isinstance(await aggregator.refusal("old", a_batch(1)), NeedHelloError)
    assert await aggregator.push("new", a_batch(1)) == Reply(1, 1, 1)


async def test_a_connection_that_ended_owns_nothing(aggregator: Aggregator) -> None:
    """When a connection ends, the host's next one has to say hello."""
    await aggregator.greet("connection")
    aggregator.ingest.leave(PEER, "connection")
    assert isinstance(await aggregator.refusal("connection", a_batch(1)), NeedHelloError)


async def test_the_end_of_an_old_connection_does_not_disturb_the_new_one(aggregator: Aggregator) -> None:
    """A connection that dies after its successor said hello takes nothing from it."""
    await aggregator.greet("old")
    await aggregator.greet("new")
    aggregator.ingest.leave(PEER, "old")
    assert await aggregator.push("new", a_batch(1)) == Reply(1, 1, 1)


async def test_hello_says_how_far_the_stream_is_and_when_its_last_tick_was(aggregator: Aggregator) -> None:
    """An agent learns from hello which tick was stored last, and its time, so that it notices a rollback."""
    await aggregator.greet("old")
    await aggregator.push("old", a_batch(1, 3))
    assert await aggregator.greet("new") == Reply(1, 3, 3, stored_wall_ms=NOW_MS + 2000)


async def test_hello_waits_for_batches_that_are_being_committed(aggregator: Aggregator) -> None:
    """An agent that reconnects while its last batch is being committed is told of it."""
    await aggregator.greet("old")
    pushed = aggregator.push("old", a_batch(1, 3))
    reply = await aggregator.greet("new")
    assert pushed.done()
    assert reply.stored == 3


async def test_another_protocol_version_is_refused(aggregator: Aggregator) -> None:
    """An agent of a later protocol is told which version is spoken here."""
    with pytest.raises(UnsupportedProtocolError, match="version 1"):
        await aggregator.greet("connection", a_hello(protocol=2))


async def test_two_agents_with_one_identity_are_found_out(aggregator: Aggregator) -> None:
    """Two agents with one certificate are both heard until they have taken turns; then the second is refused."""
    mine, other = a_hello(), a_hello(boot=b"another boot id.", stream=b"another stream !")
    await aggregator.greet("mine", mine)
    await aggregator.greet("other", other, now_ms=NOW_MS + 1000)
    assert isinstance(await aggregator.refusal("mine", a_batch(1)), NeedHelloError)
    await aggregator.greet("mine", mine, now_ms=NOW_MS + 2000)
    with pytest.raises(ClonedIdentityError):
        await aggregator.greet("other", other, now_ms=NOW_MS + 3000)
    assert await aggregator.push("mine", a_batch(1)) == Reply(1, 1, 1)


async def test_after_a_full_disk_the_same_batches_are_accepted_again(aggregator: Aggregator) -> None:
    """Batches that could not be committed are refused, forgotten, and accepted when they are sent again."""
    await aggregator.greet("connection")
    await aggregator.push("connection", a_batch(1))
    aggregator.store.error = StorageFullError("The disk is full.")
    answers = [aggregator.push("connection", a_batch(number)) for number in (2, 3)]
    assert [type(await answer) for answer in answers] == [StorageFullError, StorageFullError]
    assert aggregator.account == (1, 1, {})
    aggregator.store.error = None
    assert await aggregator.push("connection", a_batch(2, 2)) == Reply(1, 3, 3)
    assert aggregator.account == (3, 3, {})


async def test_a_schema_that_could_not_be_saved_is_saved_with_the_next_batch(aggregator: Aggregator) -> None:
    """When the group that first held a schema failed, the schema is written with the batch that comes again."""
    await aggregator.greet("connection")
    aggregator.store.error = StorageFullError("The disk is full.")
    await aggregator.refusal("connection", a_batch(1))
    aggregator.store.error = None
    await aggregator.push("connection", a_batch(1, with_schema=False))
    assert [type(change) for change in aggregator.store.committed[1:]] == [OpenStream, SaveSchema, AppendBatch]


async def test_a_host_that_could_not_be_saved_is_not_shown(aggregator: Aggregator) -> None:
    """A hello that could not be made durable is refused, and gives no right to push."""
    aggregator.store.error = StorageFullError("The disk is full.")
    with pytest.raises(StorageFullError):
        await aggregator.greet("connection")
    assert list(aggregator.catalog.all()) == []
    assert isinstance(await aggregator.refusal("connection", a_batch(1)), NeedHelloError)


async def test_too_much_in_memory_is_refused(aggregator: Aggregator, monkeypatch: pytest.MonkeyPatch) -> None:
    """When more waits to be written than may, agents are asked to come back later, and lose nothing."""
    await aggregator.greet("connection")
    monkeypatch.setattr(ingest_module, "MAX_WAITING_BYTES", 10)
    assert isinstance(await aggregator.refusal("connection", a_batch(1)), RateLimitedError)
    monkeypatch.undo()
    assert await aggregator.push("connection", a_batch(1)) == Reply(1, 1, 1)


@pytest.mark.parametrize("offset_s", [-86_400, -3, 3, 86_400])
async def test_times_of_a_clock_that_is_off_are_corrected(aggregator: Aggregator, offset_s: int) -> None:
    """Ticks of a host whose clock is more than two seconds off are shown at the aggregator's time."""
    skewed = NOW_MS - 1000 * offset_s
    await aggregator.greet("connection", a_hello(sent_ms=skewed))
    await aggregator.push("connection", a_batch(1, start_ms=skewed, sent_ms=skewed))
    assert (await aggregator.stored())[0].wall_ms.tolist() == [NOW_MS]
    (host,) = aggregator.catalog.all()
    assert dict(host.facts)[CLOCK_FACT] == f"{offset_s:+d} s"


async def test_a_time_that_no_calendar_has_is_refused(aggregator: Aggregator) -> None:
    """A clock beyond the year 9999 is no clock, and what it says is not stored."""
    await aggregator.greet("connection")
    assert isinstance(await aggregator.refusal("connection", a_batch(1, start_ms=1 << 53)), MalformedMessage)


async def test_no_time_is_corrected_to_before_1970(aggregator: Aggregator) -> None:
    """Ticks from before a host's clock was set, sent with one that is years ahead, are from 1970 at the earliest."""
    ahead = 2 * NOW_MS
    await aggregator.greet("connection", a_hello(sent_ms=ahead))
    await aggregator.push("connection", a_batch(1, start_ms=5000, sent_ms=ahead))
    assert (await aggregator.stored())[0].wall_ms.tolist() == [0]


async def test_a_clock_that_is_a_little_off_is_believed(aggregator: Aggregator) -> None:
    """Times within two seconds of the aggregator's are kept as they are."""
    await aggregator.greet("connection", a_hello(sent_ms=NOW_MS - 1900))
    await aggregator.push("connection", a_batch(1, start_ms=NOW_MS - 1900, sent_ms=NOW_MS - 1900))
    assert (await aggregator.stored())[0].wall_ms.tolist() == [NOW_MS - 1900]
    assert CLOCK_FACT not in dict(next(iter(aggregator.catalog.all())).facts)


async def test_hello_after_a_clock_step_names_the_stored_time_as_the_host_showed_it(aggregator: Aggregator) -> None:
    """The time in the answer to hello is the host's own, so a corrected clock does not look like a rollback."""
    skewed = NOW_MS - 3_600_000
    await aggregator.greet("connection", a_hello(sent_ms=skewed))
    await aggregator.push("connection", a_batch(1, start_ms=skewed, sent_ms=skewed))
    assert (await aggregator.greet("connection")).stored_wall_ms == skewed


async def test_an_agent_that_has_seen_a_later_epoch_raises_ours(aggregator: Aggregator) -> None:
    """After the database was replaced by an older one, its epoch rises above all that agents have seen."""
    reply = await aggregator.greet("connection", a_hello(epoch=57))
    assert reply.epoch == 58
    assert RaiseEpoch(58) in aggregator.store.committed


async def test_an_absurd_epoch_is_not_believed(aggregator: Aggregator) -> None:
    """One agent cannot push the epoch out of the range of numbers."""
    assert (await aggregator.greet("connection", a_hello(epoch=1 << 52))).epoch == 1


async def test_a_new_stream_has_its_own_account(aggregator: Aggregator) -> None:
    """A stream that replaces another is counted apart from it."""
    await aggregator.greet("connection")
    await aggregator.push("connection", a_batch(1, 3))
    new = b"the next stream."
    await aggregator.greet("connection", a_hello(stream=new))
    await aggregator.push("connection", a_batch(1, stream=new))
    assert [(entry.stream_id, entry.last) for entry in aggregator.catalog.entries()] == [
        (STREAM.hex(), 3),
        (new.hex(), 1),
    ]


async def test_a_reader_that_fails_does_not_stop_ingest(
    aggregator: Aggregator, caplog: pytest.LogCaptureFixture
) -> None:
    """When a page's listener raises, batches are still acknowledged and the failure is logged."""

    def fail(_: object) -> None:
        raise RuntimeError("on purpose")

    aggregator.ingest.listen(fail)
    await aggregator.greet("connection")
    assert await aggregator.push("connection", a_batch(1)) == Reply(1, 1, 1)
    await asyncio.sleep(0)
    assert "A listener of stored batches failed." in caplog.text


async def test_a_host_that_pushes_too_fast_is_slowed_down() -> None:
    """Beyond its share, a host's batches are refused with the time to wait, until that has passed."""
    aggregator = Aggregator(LimitSettings(pushes_per_second=1))
    await aggregator.greet("connection")
    for number in range(1, 11):
        assert isinstance(await aggregator.push("connection", a_batch(number)), Reply)
    refused = await aggregator.refusal("connection", a_batch(11))
    assert isinstance(refused, TooManyRequestsError)
    assert refused.retry_after_seconds == 1
    assert aggregator.ingest.pace.refused == {"pushes": 1}
    assert isinstance(await aggregator.push("connection", a_batch(11), now_ms=NOW_MS + 1000), Reply)


async def test_a_host_that_says_hello_again_and_again_is_slowed_down() -> None:
    """Beyond so many hellos a minute, a host is told to wait."""
    aggregator = Aggregator(LimitSettings(hellos_per_minute=3))
    for _ in range(3):
        await aggregator.greet("connection")
    with pytest.raises(TooManyRequestsError, match="too many hellos"):
        await aggregator.greet("connection")


async def test_a_host_cannot_fill_the_memory_with_schemas() -> None:
    """Beyond so many new lists of series an hour, a host's batches are refused; those with known ones are taken."""
    aggregator = Aggregator(LimitSettings(schemas_per_hour=2))
    await aggregator.greet("connection")
    one, two, three = (Schema((Series("system.uptime", (("number", str(number)),)),)) for number in range(3))
    await aggregator.push("connection", a_batch(1, schema=one))
    await aggregator.push("connection", a_batch(2, schema=two))
    refused = await aggregator.refusal("connection", a_batch(3, schema=three))
    assert isinstance(refused, TooManyRequestsError)
    assert isinstance(await aggregator.push("connection", a_batch(3, schema=one)), Reply)


async def test_a_full_head_takes_nothing_more() -> None:
    """While segments cannot be written batches are refused, and the agent sends the same ticks again later."""
    aggregator = Aggregator(room=1000)
    aggregator.room.measured(1000)
    await aggregator.greet("connection")
    answer = await aggregator.refusal("connection", a_batch(1))
    assert isinstance(answer, StorageFullError)
    assert answer.retry_after_seconds
    aggregator.room.measured(0)
    assert await aggregator.push("connection", a_batch(1)) == Reply(epoch=1, stored=1, durable=1)
