"""A standby's eyes: it reads what the replica brings, shows it, and says how far it has read.

The one who asks the copy is also the one who verifies it. What it has read, decoded and found to continue is what it
tells the leader; and a copy that stands still although the lineage is further, or that cannot be what a leader wrote,
is given up for a fresh one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.batches import CommitListener
from sysmon_appliance.domain.durability import ReadBack
from sysmon_appliance.domain.following import News, NewsReader
from sysmon_appliance.domain.leadership import Lineage
from sysmon_appliance.domain.replica import FollowedCopy
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.streams import Stream
from sysmon_appliance.domain.topology import Progress
from sysmon_appliance.errors import CopyLostError, ReplicaBrokenError, StorageError

_log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
"""How often the position of the copy is looked at."""

STUCK_SECONDS = 10.0
"""A copy that lacks for so long what is in the lineage is given up."""

TELL_SECONDS = 3.0
"""For so long a copy that is broken is kept, for the leader to hear of it."""

_REST = 5
"""After what was read besides the head, that many times as long nothing is read."""

_MOST_MARKS = 1000


@dataclass(frozen=True, slots=True)
class Views:
    """What shows the news; called on the event loop, in this order."""

    reloads: Sequence[Callable[[State], None]]
    streams: Callable[[Sequence[Stream]], None]
    batches: Sequence[CommitListener]

    def show(self, news: News) -> None:
        if news.state is not None:
            for reload in self.reloads:
                reload(news.state)
        self.streams(news.streams)
        if news.batches:
            for listener in self.batches:
                listener(news.batches)


class Following:
    """Follows one path by one copy; belongs to the event loop, and `run` must be a task of whoever owns it.

    Parameters
    ----------
    copy, reader
        The copy, and what reads it; all that it held when it was opened up to `mark` is shown already.
    node, epoch, path
        Who follows, and whose path.
    """

    def __init__(
        self,
        copy: FollowedCopy,
        reader: NewsReader,
        clock: Clock,
        views: Views,
        *,
        node: str,
        epoch: int,
        path: str,
        mark: int,
    ) -> None:
        self.prepared = False
        """Whether this node can lead as soon as the lock is free; whoever prepares it says so."""
        self._copy = copy
        self._reader = reader
        self._clock = clock
        self._views = views
        self._node = node
        self._epoch = epoch
        self._path = path
        self._mark = mark
        self._txid = 0  # of the copy when it was read last
        self._fault = ""
        self._listeners: list[Callable[[], None]] = []
        self._committed: deque[tuple[float, int]] = deque()  # when the leader had which mark
        self._recorded: deque[tuple[float, int]] = deque(maxlen=_MOST_MARKS)  # since when which mark is in the lineage

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever `read_back` has changed, from now on."""
        self._listeners.append(listener)

    @property
    def read_back(self) -> ReadBack:
        return ReadBack(
            self._node, self._epoch, self._path, self._mark, self._txid, prepared=self.prepared, fault=self._fault
        )

    @property
    def age_ms(self) -> int | None:
        """How old the newest of what is shown may be; None before the leader has answered."""
        while len(self._committed) > 1 and self._committed[1][1] <= self._mark:
            self._committed.popleft()
        if not self._committed or self._committed[0][1] > self._mark:
            return None
        return round(1000 * (self._clock.monotonic() - self._committed[0][0]))

    def heard(self, progress: Progress) -> None:
        """Take note of what the leader has answered to a report."""
        if progress.epoch != self._epoch:
            return
        if len(self._committed) == _MOST_MARKS:
            del self._committed[1]  # never the one that tells the age
        self._committed.append((self._clock.monotonic(), progress.mark))

    def expect(self, lineage: Lineage) -> None:
        """Take note of what the copy must come to hold, for it is in the replica."""
        newest = self._recorded[-1][1] if self._recorded else self._mark
        if lineage.path == self._path and lineage.mark > newest:
            self._recorded.append((self._clock.monotonic(), lineage.mark))

    async def run(self) -> NoReturn:
        """Look again and again, until cancelled.

        Raises
        ------
        CopyLostError
            The copy is of no use any more.
        """
        while True:
            seconds = await self.look()
            self._check()
            await asyncio.sleep(max(LOOK_SECONDS, _REST * seconds))

    async def look(self) -> float:
        """Take in what the copy has that is new; return the seconds that reading more than the head took.

        Raises
        ------
        CopyLostError
            It is broken.
        """
        txid = self._copy.txid
        if txid == self._txid:
            return 0.0
        try:
            seconds = await self._read()
        except StorageError as error:
            _log.warning("The copy of the live database cannot be read.", extra={"detail": error.message})
            return 0.0
        except ReplicaBrokenError as error:
            await self._tell(error)
            raise CopyLostError(error.message, hint=error.hint) from error
        if self._copy.alive:  # else it may have been torn while it was read
            self._txid = txid
            self._announce()
        return seconds

    async def _read(self) -> float:
        seconds, more = 0.0, True
        while more:
            began = self._clock.monotonic()
            news = await asyncio.to_thread(self._reader.news)
            self._views.show(news)
            if self._copy.alive:
                self._mark = news.mark
            if news.state is not None:
                seconds += self._clock.monotonic() - began
            more = news.more
        return seconds

    async def _tell(self, error: ReplicaBrokenError) -> None:
        """Let the leader hear that the copy is broken, unless that is because whoever follows has ended."""
        if not self._copy.alive:
            return
        _log.error("The copy of the live database is broken.", extra={"path": self._path, "detail": error.message})
        self._fault = error.message
        self._announce()
        await asyncio.sleep(TELL_SECONDS)

    def _announce(self) -> None:
        for listener in self._listeners:
            listener()

    def _check(self) -> None:
        """Give up a copy that follows no more."""
        if not self._copy.alive:
            raise CopyLostError("Following the replica has ended.", hint="sysmon ha status")
        if self.behind_seconds > STUCK_SECONDS:
            raise CopyLostError(
                f"The copy lags {self.behind_seconds:.0f} s behind the lineage.", hint="sysmon ha status"
            )

    @property
    def behind_seconds(self) -> float:
        """For how long the copy has lacked something that the lineage has; 0.0 where it lacks nothing."""
        while self._recorded and self._recorded[0][1] <= self._mark:
            self._recorded.popleft()
        return self._clock.monotonic() - self._recorded[0][0] if self._recorded else 0.0
