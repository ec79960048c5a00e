"""Values that are judged before they last.

A change is accepted on the event loop and committed a moment later, together with others. What comes in between must
be judged against what was accepted: else a token for one host would let in two. What is shown to anybody must be what
lasts. So each value is kept twice while it waits; when its commit fails, so does that of all that was accepted after
it, and what lasts is what is left.
"""

import asyncio
from collections.abc import Sequence
from typing import Generic, TypeVar

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.changes import Change, Settle
from sysmon_appliance.errors import NotDurableError

T = TypeVar("T")

PATIENCE_SECONDS = 10.0
"""How long whoever changes something waits for it to be durable: it is committed by then, if it is to be at all."""


class Settling(Generic[T]):
    """Values by their key, of which some wait for their commit."""

    def __init__(self, lasting: dict[str, T]) -> None:
        self.lasting = lasting
        self._accepted: dict[str, T] = {}

    def judged(self, key: str) -> T | None:
        """Return the value as it was accepted last; None where there is none."""
        return self._accepted.get(key) or self.lasting.get(key)

    def all_judged(self) -> Sequence[T]:
        return list((self.lasting | self._accepted).values())

    def accept(self, key: str, value: T) -> Settle:
        """Judge by `value` from now on; what is returned is to be called when its commit has ended."""
        self._accepted[key] = value

        def settle(error: SysmonError | None) -> None:
            if self._accepted.get(key) is value:
                del self._accepted[key]
            if error is None:
                self.lasting[key] = value

        return settle


async def commit(
    barrier: Barrier, changes: Sequence[Change], *settles: Settle, patience_seconds: float = PATIENCE_SECONDS
) -> None:
    """Return once the changes, and all that were submitted before them, are durable.

    What was accepted is settled even where whoever asked for it has gone meanwhile, or has lost patience.

    Raises
    ------
    StorageFullError, StorageFailedError
        They are not durable, and nothing of them is left.
    FencedError, NotLeaderError
        They may be lost: another aggregator leads, or will.
    NotDurableError
        They are not durable yet, and most likely will be.
    """
    settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(error: SysmonError | None) -> None:
        for one in settles:
            one(error)
        if settled.done():  # nobody waits any more
            return
        if error is None:
            settled.set_result(None)
        else:
            settled.set_exception(error)

    barrier.submit(tuple(changes), settle)
    try:
        async with asyncio.timeout(patience_seconds):
            await settled
    except TimeoutError as error:
        raise NotDurableError(
            "What was asked for is done, and it is not certain yet that it lasts.", hint="sysmon ha status"
        ) from error
