"""A single aggregator of which nothing is anywhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sysmon_appliance.bootstrap.aggregator import Term, join
from sysmon_appliance.bootstrap.base import Base
from sysmon_appliance.bootstrap.ground import Ground
from sysmon_appliance.services.barrier import GroupCommit
from sysmon_appliance.sqlite import LiveDatabase


@contextmanager
def single_aggregator(base: Base) -> Iterator[Term]:
    """Open it.

    Raises
    ------
    StorageError
        The data folder cannot be used.
    """
    settings, clock = base.settings, base.clock
    with LiveDatabase.open(Path(settings.data), clock) as database:
        storing = GroupCommit(database.writer, clock, gather_milliseconds=settings.ingest.commit_milliseconds)
        yield join(Ground(base, base.listeners, database, storing, storing, also=(base.pki.keeper.run,)))
