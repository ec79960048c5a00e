"""One term of a standby: a copy that follows the replica, and the services over it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from sysmon_appliance.bootstrap.region import Region


class Serving(Protocol):
    """The servers of a term."""

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None: ...


class _Nothing:
    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        ready()
        await stop.wait()


class StandbyTerm:
    """Follows one path; belongs to the event loop."""

    def __init__(self, serving: Serving) -> None:
        self.aggregator = serving

    @property
    def is_over(self) -> bool:
        """Whether there is something better to show."""
        return False


@contextmanager
def standby_term(region: Region) -> Iterator[StandbyTerm]:
    """Open a term; at the end nothing of it runs any more."""
    region.topology.copy = None
    yield StandbyTerm(_Nothing())
