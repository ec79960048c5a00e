import asyncio
from dataclasses import dataclass, field

import pytest

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.barrier import GroupListener
from sysmon_appliance.domain.changes import Change, RaiseEpoch, Settle
from sysmon_appliance.errors import FencedError, NotDurableError, StorageFullError
from sysmon_appliance.services.settling import Settling, commit

CHANGES = (RaiseEpoch(3),)


@dataclass
class SlowBarrier:
    """Makes durable when a test says so."""

    waiting: list[Settle] = field(default_factory=list)

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:
        del changes
        self.waiting.append(settle)

    def listen(self, listener: GroupListener) -> None:
        del listener

    def settle(self, error: SysmonError | None = None) -> None:
        self.waiting.pop(0)(error)


async def test_who_waits_too_long_is_told_so() -> None:
    """A change that does not become durable in time is answered as such, and shows once it is durable after all."""
    barrier, values = SlowBarrier(), Settling[str]({})
    with pytest.raises(NotDurableError):
        await commit(barrier, CHANGES, values.accept("a", "new"), patience_seconds=0.01)
    assert (values.lasting, values.judged("a")) == ({}, "new")
    barrier.settle()
    assert values.lasting == {"a": "new"}


async def test_what_fails_late_is_forgotten() -> None:
    """A change whose durability fails after everybody lost patience leaves nothing behind."""
    barrier, values = SlowBarrier(), Settling[str]({"a": "old"})
    with pytest.raises(NotDurableError):
        await commit(barrier, CHANGES, values.accept("a", "new"), patience_seconds=0.01)
    barrier.settle(FencedError("Another aggregator leads."))
    assert values.judged("a") == "old"


@pytest.mark.parametrize("error", [None, StorageFullError("Full."), FencedError("Another aggregator leads.")])
async def test_an_answer_in_time(error: SysmonError | None) -> None:
    """Whoever waits hears what became of the change."""
    barrier = SlowBarrier()
    waiting = asyncio.ensure_future(commit(barrier, CHANGES))
    await asyncio.sleep(0)
    barrier.settle(error)
    if error is None:
        await waiting
    else:
        with pytest.raises(type(error)):
            await waiting
