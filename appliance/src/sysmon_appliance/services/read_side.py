"""Everything that answers questions, put together over the ports that supply the data."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.batches import HeadReader
from sysmon_appliance.domain.fleet import SPARK_SECONDS, SPARK_SLOTS, FleetMatrix
from sysmon_appliance.domain.health import StorageHealth
from sysmon_appliance.domain.hosts import HostDirectory
from sysmon_appliance.domain.ledger import LedgerReader
from sysmon_appliance.domain.meter import Meter
from sysmon_appliance.domain.ticks import TickReader
from sysmon_appliance.services.exporting import Exporter
from sysmon_appliance.services.fleet import Fleet
from sysmon_appliance.services.history import History
from sysmon_appliance.services.hosts import Hosts
from sysmon_appliance.services.live import LiveHub
from sysmon_appliance.services.processes import ProcessHistory
from sysmon_appliance.services.ranges import Ranges
from sysmon_appliance.services.recent import RecentPast
from sysmon_appliance.services.series_answers import SeriesAnswers

_log = logging.getLogger(__name__)

MAX_READERS = 4

_RECENT_MS = SPARK_SLOTS * SPARK_SECONDS * 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadSide:
    """The services behind console and API. `hub.update` is the CommitListener, `hub.run` a background task."""

    clock: Clock
    directory: HostDirectory
    head: HeadReader
    ledger: LedgerReader
    health: StorageHealth
    matrix: FleetMatrix
    meter: Meter
    fleet: Fleet
    hosts: Hosts
    history: History
    processes: ProcessHistory
    recent: RecentPast
    series: SeriesAnswers
    exporter: Exporter
    hub: LiveHub
    epoch: Callable[[], int]  # ingest raises it while it runs
    reading: asyncio.Semaphore  # taken by whoever reads history

    @classmethod
    def over(
        cls,
        directory: HostDirectory,
        head: HeadReader,
        ledger: LedgerReader,
        *,
        segments: TickReader,
        series: SeriesAnswers,
        health: StorageHealth,
        clock: Clock,
        epoch: Callable[[], int],
    ) -> Self:
        matrix = FleetMatrix(directory)
        meter = Meter(clock)
        fleet = Fleet(directory, matrix, ledger, clock, meter=meter, epoch=epoch)
        return cls(
            clock=clock,
            directory=directory,
            head=head,
            ledger=ledger,
            health=health,
            matrix=matrix,
            meter=meter,
            fleet=fleet,
            hosts=Hosts(directory, matrix, fleet, ledger),
            history=History(head, segments, clock),
            processes=ProcessHistory(head, segments),
            recent=RecentPast(head, segments, clock),
            series=series,
            exporter=Exporter(Ranges(head, segments), series.reach),
            hub=LiveHub(directory, matrix, fleet, meter, clock=clock),
            epoch=epoch,
            reading=asyncio.Semaphore(MAX_READERS),
        )

    async def in_thread(self, read: Callable[[], T]) -> T:
        """Run what reads history in a thread; few run at a time, so that ingest keeps its share of the processor."""
        async with self.reading:
            return await asyncio.to_thread(read)

    async def refill(self) -> None:
        """Fill the fleet matrix with the last minutes after a start; what arrives meanwhile is newer and stays.

        A host whose past cannot be read begins without it: damage to old rows must not keep new ones from arriving.
        """
        for host in list(self.directory.all()):
            try:
                self.matrix.update(await asyncio.to_thread(self.recent.batches, host.key, _RECENT_MS))
            except SysmonError:
                _log.warning("A host's recent past cannot be read.", extra={"host_id": host.host_id}, exc_info=True)
        self.hub.announce_past()
