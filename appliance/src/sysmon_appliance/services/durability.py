"""Making durable what was committed, about once a second.

Each tick commits a mark, puts everything before it into the replica, and records that position in the lineage; where a
standby is ready, it counts once that has read the mark out of the replica. Then all that waited for the mark hears of
it. A tick that fails is tried again, and nothing is acknowledged meanwhile; what is stored stays stored.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.barrier import Barrier, GroupListener
from sysmon_appliance.domain.changes import Change, Settle
from sysmon_appliance.domain.durability import Assurance, DurableState, Mark, ReadBacks
from sysmon_appliance.domain.replica import Replication
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.errors import FencedError, NotLeaderError

_log = logging.getLogger(__name__)

Record = Callable[[int, int], None]
"""Records a position of the replica and the mark that it holds; blocks; raises a FencedError when we may not."""


@dataclass(slots=True)
class _Promise:
    """What becomes durable with one mark."""

    mark: int
    ends: list[tuple[Stream, int]]  # streams, and their last number when the mark was committed
    settles: list[Settle]


class DurableTicks:
    """The lasting barrier, and the watermark, of an aggregator whose live database is replicated.

    Belongs to the event loop; `run` must be a task of whoever owns it.

    Parameters
    ----------
    storing
        Commits; what it has settled is stored and not yet durable.
    record
        Called with each position that the replica has reached.
    readers
        None in single mode, where no standby can be.
    mark
        The newest that the database has.
    """

    def __init__(
        self,
        storing: Barrier,
        replication: Replication,
        clock: Clock,
        *,
        tick_seconds: float,
        mark: int,
        record: Record,
        readers: ReadBacks | None = None,
    ) -> None:
        self._storing = storing
        self._replication = replication
        self._clock = clock
        self._tick_seconds = tick_seconds
        self._record = record
        self._readers = readers
        self._dirty: dict[int, Stream] = {}
        self._settles: list[Settle] = []
        self._promised: deque[_Promise] = deque()
        self._next = mark + 1
        self._committed = mark
        self._recorded = 0  # nothing, before the first tick
        self._durable = 0
        self._durable_ms: int | None = None
        self._trouble: SysmonError | None = None
        self._trying_since: float | None = None
        self._ended: FencedError | None = None

    # What is to become durable

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:
        if self._ended is not None:
            settle(self._ended)
            return
        self._storing.submit(changes, partial(self._stored, settle))

    def listen(self, listener: GroupListener) -> None:
        self._storing.listen(listener)

    def note(self, stream: Stream) -> None:
        self._dirty[stream.key] = stream

    def _stored(self, settle: Settle, error: SysmonError | None) -> None:
        if error is not None or self._ended is not None:
            settle(error or self._ended)
        else:
            self._settles.append(settle)

    # How it fares

    @property
    def committed_mark(self) -> int:
        return self._committed

    @property
    def trouble_seconds(self) -> float:
        """For how long no tick has succeeded, one that hangs included; 0.0 where none is wanted."""
        return 0.0 if self._trying_since is None else self._clock.monotonic() - self._trying_since

    @property
    def state(self) -> DurableState:
        waiting = len(self._settles) + sum(len(promise.settles) for promise in self._promised)
        return DurableState(
            self._assurance(),
            self._committed,
            self._durable,
            self._durable_ms,
            waiting,
            trouble=self._trouble.message if self._trouble else "",
            hint=self._trouble.hint if self._trouble else "",
        )

    def _assurance(self) -> Assurance:
        if self._readers is None:
            return Assurance.REPLICATED
        return Assurance.RECORDED if self._read_up_to() is None else Assurance.READ_BACK

    # Ticks

    async def run(self) -> NoReturn:
        """Tick until cancelled.

        Raises
        ------
        FencedError
            Nothing will become durable here any more; `end` must be called.
        """
        while True:
            began = self._clock.monotonic()
            if self._has_news() or self._recorded < self._committed or not self._recorded:
                await self.tick()
            self.advance()
            await asyncio.sleep(max(self._tick_seconds - (self._clock.monotonic() - began), 0.0))

    async def tick(self) -> None:
        """Make durable what is committed now, as far as replica and lineage go; what fails is noted.

        Raises
        ------
        FencedError
            Somebody else leads, or may.
        """
        if self._trying_since is None:
            self._trying_since = self._clock.monotonic()
        try:
            await self._tick()
        except FencedError:
            raise
        except SysmonError as error:
            self._note_trouble(error)
        else:
            self._note_success()

    async def _tick(self) -> None:
        if self._has_news() or not self._recorded:
            await self._commit_mark()
        mark = self._committed
        txid = await asyncio.to_thread(self._replication.sync)
        await asyncio.to_thread(self._record, txid, mark)
        self._recorded = mark
        if self._readers is not None:
            self._readers.recorded(mark)
        self.advance()

    def _has_news(self) -> bool:
        return bool(self._dirty or self._settles)

    async def _commit_mark(self) -> None:
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._storing.submit((Mark(self._next),), partial(self._marked, self._next, committed))
        self._next += 1
        await committed

    def _marked(self, mark: int, committed: asyncio.Future[None], error: SysmonError | None) -> None:
        """Promise what was settled before the mark: it was committed with it or earlier."""
        if error is None:
            ends = [(stream, stream.last) for stream in self._dirty.values()]
            self._promised.append(_Promise(mark, ends, self._settles))
            self._dirty, self._settles = {}, []
            self._committed = mark
        if committed.done():
            return
        if error is None:
            committed.set_result(None)
        else:
            committed.set_exception(error)

    def advance(self) -> None:
        """Keep the promises that can be kept by now; a reader that has reported calls it too."""
        durable = self._recorded
        read_up_to = self._read_up_to()
        if read_up_to is not None:
            durable = min(durable, read_up_to)
        if durable <= self._durable or self._ended is not None:
            return
        self._durable, self._durable_ms = durable, self._clock.wall_ms()
        while self._promised and self._promised[0].mark <= durable:
            _keep(self._promised.popleft())

    def _read_up_to(self) -> int | None:
        return self._readers.read_up_to if self._readers is not None else None

    def _note_trouble(self, error: SysmonError) -> None:
        if self._trouble is None:
            _log.warning("Nothing becomes durable.", extra={"code": error.code, "detail": error.message})
        self._trouble = error

    def _note_success(self) -> None:
        if self._trouble is not None:
            _log.info("Changes become durable again.")
        self._trouble = self._trying_since = None

    def end(self) -> None:
        """Keep no promise any more: whoever waits hears that another aggregator leads."""
        self._ended = FencedError("This aggregator does not lead any more.", hint="sysmon ha status")
        waiting = [settle for promise in self._promised for settle in promise.settles] + self._settles
        self._promised.clear()
        self._settles = []
        for settle in waiting:
            _settle(settle, self._ended)


class RefusingBarrier:
    """The barrier of an aggregator that may not change anything: a standby."""

    def __init__(self, refuse: Callable[[], NotLeaderError]) -> None:
        self._refuse = refuse

    def submit(self, changes: tuple[Change, ...], settle: Settle) -> None:  # noqa: ARG002 - none of them counts
        settle(self._refuse())

    def listen(self, listener: GroupListener) -> None:
        """There are no groups."""

    @property
    def waiting(self) -> int:
        """Nothing ever waits."""
        return 0

    async def close(self) -> None:
        """There is nothing to wait for."""


def _keep(promise: _Promise) -> None:
    for stream, last in promise.ends:
        stream.durable = max(stream.durable, last)
    for settle in promise.settles:
        _settle(settle, None)


def _settle(settle: Settle, error: SysmonError | None) -> None:
    """Call a settler; the failure of one never keeps the others from hearing."""
    try:
        settle(error)
    except Exception:  # noqa: BLE001 - see above
        _log.exception("Somebody who waited for a change could not be told.")
