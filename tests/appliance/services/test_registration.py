"""Keeping a catalogue in step with the hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from sysmon_appliance.domain.registry import Entry, Health
from sysmon_appliance.errors import CoordinatorUnreachableError
from sysmon_appliance.services.registration import AT_ONCE, Registration
from tests.support.clock import ManualClock


class MemoryRegistry:
    """A catalogue in memory, which counts what is written and can be out of reach."""

    def __init__(self) -> None:
        self.there: dict[str, Entry] = {}
        self.writes: list[tuple[int, int]] = []
        self.reachable = True

    def fitted(self, entry: Entry) -> Entry:
        return replace(entry, key=entry.host_id)

    def entries(self) -> Mapping[str, Entry]:
        self._reach()
        return dict(self.there)

    def write(self, entered: Sequence[Entry], removed: Sequence[str]) -> None:
        self._reach()
        self.writes.append((len(entered), len(removed)))
        self.there.update((entry.key, entry) for entry in entered)
        for key in removed:
            del self.there[key]

    def _reach(self) -> None:
        if not self.reachable:
            raise CoordinatorUnreachableError("Consul does not answer.")


def host(number: int, *, name: str = "") -> Entry:
    return Entry(f"{number:032x}", name or f"host-{number}", "10.0.0.1", (), Health.PASSING, "Its batches arrive.")


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


@pytest.fixture
def hosts() -> list[Entry]:
    return [host(1), host(2)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def registration(hosts: list[Entry], registry: MemoryRegistry, clock: ManualClock) -> Registration:
    return Registration(lambda: list(hosts), registry, clock)


async def test_hosts_are_entered_and_removed(
    registration: Registration, registry: MemoryRegistry, hosts: list[Entry]
) -> None:
    """What should be there is entered, and what should not, from whichever leader it came, is removed."""
    registry.there = {"old": host(9)}
    await registration.step()
    assert set(registry.there) == {host(1).host_id, host(2).host_id}
    del hosts[0]
    await registration.step()
    assert set(registry.there) == {host(2).host_id}


async def test_only_what_differs_is_written(
    registration: Registration, registry: MemoryRegistry, hosts: list[Entry]
) -> None:
    """Where nothing has changed nothing is written, and of many hosts only the one that has."""
    await registration.step()
    await registration.step()
    hosts[1] = replace(hosts[1], health=Health.CRITICAL)
    await registration.step()
    assert registry.writes == [(2, 0), (1, 0)]


async def test_many_hosts_are_entered_a_few_at_a_time(
    registration: Registration, registry: MemoryRegistry, hosts: list[Entry]
) -> None:
    """A fleet is entered in bounded steps, which follow each other soon until all is done."""
    hosts[:] = [host(number) for number in range(3 * AT_ONCE)]
    pauses = [await registration.step() for _ in range(4)]
    assert registry.writes == [(AT_ONCE, 0)] * 3
    assert pauses[0] == pauses[1] < pauses[2] == pauses[3]


async def test_what_others_change_is_found(
    registration: Registration, registry: MemoryRegistry, clock: ManualClock
) -> None:
    """What others have removed from the catalogue is entered again within the hour."""
    await registration.step()
    registry.there.clear()
    await registration.step()
    assert registry.there == {}
    clock.advance(3600)
    await registration.step()
    assert len(registry.there) == 2


async def test_a_catalogue_out_of_reach(
    registration: Registration, registry: MemoryRegistry, hosts: list[Entry], caplog: pytest.LogCaptureFixture
) -> None:
    """A catalogue that does not answer is told of once, left alone for longer, and caught up with afterwards."""
    usual = await registration.step()
    registry.reachable = False
    hosts.append(host(3))
    assert await registration.step() > usual
    await registration.step()
    assert [record.message for record in caplog.records] == ["Hosts cannot be entered in Consul's catalogue."]
    registry.reachable = True
    await registration.step()
    assert len(registry.there) == 3
    assert caplog.records[-1].message == "Hosts are entered in Consul's catalogue again."
