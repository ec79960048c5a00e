"""Segments that lie on one disk alone, from before there was an object store, go there as well.

Until they have, no other aggregator of a region can read them, and the loss of the disk is the loss of the segments.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from sysmon_appliance.domain.segments import ManifestReader, Segment
from sysmon_appliance.errors import StorageError, StoreUnreachableError

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 60.0


class PublishingShelf(Protocol):
    """A shelf with an object store behind it."""

    def publish(self, segments: Iterable[Segment]) -> int:
        """Store what of these lies here alone, and return how many that was; blocks.

        Raises
        ------
        StoreUnreachableError, StorageError
            Not all of it could be stored.
        """


class Publishing:
    """Stores once what was sealed before; what is sealed later is stored at once, and none of this is about it."""

    def __init__(self, shelf: PublishingShelf, manifest: ManifestReader) -> None:
        self._shelf = shelf
        self._manifest = manifest

    async def run(self) -> None:
        """Try until all is stored."""
        done = await self.step()
        while not done:
            await asyncio.sleep(_PAUSE_SECONDS)
            done = await self.step()

    async def step(self) -> bool:
        """Try once; return whether nothing lies here alone any more."""
        try:
            published = await asyncio.to_thread(self._shelf.publish, self._manifest.all())
        except (StorageError, StoreUnreachableError) as error:
            _log.warning("Segments lie on this disk alone.", extra={"problem": error.message})
            return False
        if published:
            _log.info("Segments that lay on this disk alone are in the object store.", extra={"segments": published})
        return True
