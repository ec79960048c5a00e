"""What the leader knows of its standbys: what they have read back, and whether that is to be waited for."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.durability import ReadBack
from sysmon_appliance.domain.leadership import Node
from sysmon_appliance.domain.topology import NodeView, Progress

_log = logging.getLogger(__name__)

SILENT_SECONDS = 4.0
"""A standby that has not reported for so long is not waited for."""

LAGGING_SECONDS = 10.0
"""Nor is one that could have read a mark for so long and has not."""


@dataclass(frozen=True, slots=True)
class Report:
    """The newest report of a standby."""

    read_back: ReadBack
    heard: float  # monotonic
    heard_ms: int


class Standbys:
    """The StandbyReports and ReadBacks of one epoch; belongs to the event loop.

    Parameters
    ----------
    mark
        Returns the newest mark that is committed.
    handoff_to
        Returns whom the lead is to be handed to; an empty string where to nobody.
    known
        Every node of the region that was heard of, by name; those that report are added.
    views
        Returns how they all fare.
    arrived
        Returns addresses from which agents have come, from a number on, and the number to ask from next.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        epoch: int,
        path: str,
        mark: Callable[[], int],
        handoff_to: Callable[[], str],
        known: dict[str, Node],
        views: Callable[[], Sequence[NodeView]],
        arrived: Callable[[int], tuple[int, Sequence[str]]],
    ) -> None:
        self._clock = clock
        self._epoch = epoch
        self._path = path
        self._mark = mark
        self._handoff_to = handoff_to
        self._known = known
        self._views = views
        self._arrived = arrived
        self._told: dict[str, int] = {}  # up to which number each standby was told of addresses
        self._reports: dict[str, Report] = {}
        self._recorded: deque[tuple[float, int]] = deque()  # when which mark could be read
        self._listeners: list[Callable[[], None]] = []
        self.fault: ReadBack | None = None  # what a standby found broken in this epoch's path

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each report from now on."""
        self._listeners.append(listener)

    def report(self, node: Node, read_back: ReadBack) -> Progress:
        self._known[node.name] = node
        self._reports[read_back.node] = Report(read_back, self._clock.monotonic(), self._clock.wall_ms())
        if read_back.fault and self._is_ours(read_back) and self.fault is None:
            _log.error("A standby has found the replica broken.", extra={"node": read_back.node})
            self.fault = read_back
        for listener in self._listeners:
            listener()
        self._told[node.name], addresses = self._arrived(self._told.get(node.name, 0))
        return Progress(
            self._epoch,
            self._mark(),
            self._clock.wall_ms(),
            self._handoff_to(),
            nodes=tuple(self._views()),
            addresses=tuple(addresses),
        )

    def recorded(self, mark: int) -> None:
        self._recorded.append((self._clock.monotonic(), mark))
        self._forget()

    @property
    def reports(self) -> Mapping[str, Report]:
        """The newest report of each standby, by the node's name."""
        return self._reports

    @property
    def ready(self) -> Sequence[ReadBack]:
        """The standbys that follow closely."""
        return [report.read_back for report in self._reports.values() if self._is_ready(report)]

    @property
    def read_up_to(self) -> int | None:
        return max((read_back.mark for read_back in self.ready), default=None)

    def lag_seconds(self, mark: int) -> float:
        """Return for how long whoever has read up to a mark could have read more."""
        now = self._clock.monotonic()
        return next((now - since for since, recorded in self._recorded if recorded > mark), 0.0)

    def _is_ours(self, read_back: ReadBack) -> bool:
        return read_back.epoch == self._epoch and read_back.path == self._path

    def _is_ready(self, report: Report) -> bool:
        read_back = report.read_back
        return (
            self._is_ours(read_back)
            and not read_back.fault
            and read_back.mark > 0
            and self._clock.monotonic() - report.heard < SILENT_SECONDS
            and self.lag_seconds(read_back.mark) < LAGGING_SECONDS
        )

    def _forget(self) -> None:
        """Let go of marks that every standby has read, or that all are too late for."""
        oldest = self._clock.monotonic() - 2 * LAGGING_SECONDS
        while len(self._recorded) > 1 and self._recorded[1][0] < oldest:
            self._recorded.popleft()
