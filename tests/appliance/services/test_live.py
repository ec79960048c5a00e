import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.errors import TooManyWatchersError
from sysmon_appliance.services.live import MAX_WATCHERS, Event, LiveHub, Watcher
from tests.support.console import Console
from tests.support.head import START_MS, batch, host, schema, series

READ = series("system.disk.io", system__device="sda", disk__io__direction="read")
KNOWN = schema(READ)


@pytest.fixture
def console() -> Console:
    return Console([host(1), host(2)])


@pytest.fixture
def hub(console: Console) -> Iterator[LiveHub]:
    yield console.side.hub
    console.side.hub.close()


def tick(seconds: float, *, key: int = 1) -> StoredBatch:
    return batch(KNOWN, [(START_MS + round(seconds * 1000), (seconds * 10,))], host=key)


def unread(watcher: Watcher) -> list[Event]:
    events = []
    while not watcher.queue.empty():
        event = watcher.queue.get_nowait()
        assert event is not None
        events.append(event)
    return events


def names(event: Event) -> list[str]:
    return [each["id"][-1] for each in json.loads(event.data)["hosts"]]


async def test_a_stream_begins_with_everything(console: Console, hub: LiveHub) -> None:
    """A new watcher is told of all hosts first."""
    console.store(tick(0))
    with hub.watch() as watcher:
        (event,) = unread(watcher)
    assert json.loads(event.data)["full"] is True
    assert names(event) == ["1", "2"]


async def test_only_what_changed_is_told(console: Console, hub: LiveHub) -> None:
    """After that a watcher is told of the hosts that changed, once a second however often they do."""
    with hub.watch() as watcher:
        unread(watcher)
        console.store(tick(0, key=2))
        console.store(tick(1, key=2))
        hub.publish()
        hub.publish()
        (event,) = unread(watcher)
    assert (event.name, names(event)) == ("fleet", ["2"])
    assert json.loads(event.data)["full"] is False


async def test_nothing_is_told_twice(console: Console, hub: LiveHub) -> None:
    """While nothing changes, a watcher hears nothing after the first event."""
    console.store(tick(0))
    with hub.watch() as watcher:
        unread(watcher)
        hub.publish()
        assert unread(watcher) == []


async def test_a_past_that_was_read_in_is_told(console: Console, hub: LiveHub) -> None:
    """Who watches while the aggregator reads in the fleet's past after a start is told when it is there."""
    with hub.watch() as watcher:
        unread(watcher)
        await console.side.refill()
        (event,) = unread(watcher)
    assert event == Event("past", b"{}")


async def test_silence_is_told(console: Console, hub: LiveHub) -> None:
    """A host that becomes late or down is told of although nothing arrived."""
    with hub.watch() as watcher:
        unread(watcher)
        console.clock.advance(3600)
        hub.publish()
        (event,) = unread(watcher)
    assert [each["status"] for each in json.loads(event.data)["hosts"]] == ["down", "down"]


async def test_a_stream_is_resumed(console: Console, hub: LiveHub) -> None:
    """A browser that reconnects soon is told what it missed and no more."""
    with hub.watch(), hub.watch() as watcher:
        last = unread(watcher)[-1]
        console.store(tick(0, key=1))
        hub.publish()
        console.store(tick(0, key=2))
        hub.publish()
        with hub.watch(last_id=last.id) as again:
            assert [names(event) for event in unread(again)] == [["1"], ["2"]]


@pytest.mark.parametrize("last_id", ["", "1-1", "nonsense", "1800000000000-999", "1800000000000-x"])
async def test_what_cannot_be_resumed_begins_anew(hub: LiveHub, last_id: str) -> None:
    """An identity that is unknown, or of another life of the aggregator, gets everything."""
    with hub.watch(last_id=last_id) as watcher:
        (event,) = unread(watcher)
    assert json.loads(event.data)["full"] is True


async def test_a_stream_nobody_watched_begins_anew(console: Console, hub: LiveHub) -> None:
    """Changes that nobody watched were not kept, so who comes back is told everything."""
    with hub.watch() as watcher:
        last = unread(watcher)[-1]
    console.store(tick(0))
    hub.publish()
    with hub.watch(last_id=last.id) as watcher:
        (event,) = unread(watcher)
    assert json.loads(event.data)["full"] is True


async def test_points_of_a_host(console: Console, hub: LiveHub) -> None:
    """Who watches a host gets its new points at once, rates included, and no other host's."""
    console.store(tick(0))
    with hub.watch(console.directory.hosts[0]) as watcher:
        unread(watcher)
        console.store(tick(10), tick(10, key=2))
        (event,) = unread(watcher)
    document = json.loads(event.data)
    assert (event.name, document["t"]) == ("ticks", [START_MS + 10_000])
    assert document["charts"]["disk_io"]["series"] == [{"name": "sda read", "values": [10.0]}]


async def test_late_points_are_not_told(console: Console, hub: LiveHub) -> None:
    """Ticks older than what was told are left for the next time the charts are read."""
    with hub.watch(console.directory.hosts[0]) as watcher:
        console.store(tick(20))
        unread(watcher)
        console.store(tick(10))
        console.store(batch(KNOWN, [(START_MS + n * 1000, (0.0,)) for n in (30, 20, 15)]))
        (event,) = unread(watcher)
    assert json.loads(event.data)["t"] == [START_MS + 30_000]


async def test_a_watcher_that_does_not_read_is_dropped(console: Console, hub: LiveHub) -> None:
    """A watcher that falls far behind is ended, and others are not held up."""
    with hub.watch(console.directory.hosts[0]) as slow, hub.watch(console.directory.hosts[0]) as quick:
        for seconds in range(200):
            console.store(tick(seconds))
            unread(quick)
        assert await slow.next() is None
        assert hub.watchers == 1


async def test_watchers_are_bounded(hub: LiveHub) -> None:
    """There are only so many streams; one more is refused, and room comes back."""
    with ExitStack() as streams:
        for _ in range(MAX_WATCHERS):
            streams.enter_context(hub.watch())
        with pytest.raises(TooManyWatchersError), hub.watch():
            pass
    with hub.watch():
        assert hub.watchers == 1


async def test_streams_end_when_the_aggregator_stops(console: Console) -> None:
    """When the aggregator stops, every stream ends at once."""
    running = asyncio.create_task(console.side.hub.run())
    await asyncio.sleep(0)
    with console.side.hub.watch(console.directory.hosts[0]) as watcher:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await watcher.next() is None
    with pytest.raises(TooManyWatchersError), console.side.hub.watch():
        pass


async def test_a_fault_in_showing_does_not_stop_storing(console: Console, hub: LiveHub) -> None:
    """A batch that cannot be shown is logged; whoever stored it never hears of it."""
    hub.update([batch(KNOWN, [(START_MS, (1.0,))], host=999)])
    console.store(tick(0))
    assert console.side.matrix.latest(1) is not None
