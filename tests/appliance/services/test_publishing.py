"""Segments from before there was an object store."""

import logging
from collections.abc import Iterable

import pytest

from sysmon_appliance.domain.segments import Segment
from sysmon_appliance.errors import StoreUnreachableError
from sysmon_appliance.services.publishing import Publishing
from tests.support.shelved import segment_of

SEGMENT = segment_of(b"content")


class Shelf:
    """A shelf that has one segment here alone."""

    def __init__(self) -> None:
        self.is_down = True
        self.alone = [SEGMENT.name]

    def publish(self, segments: Iterable[Segment]) -> int:
        if self.is_down:
            raise StoreUnreachableError("The object store cannot be used: it is down.")
        names = [segment.name for segment in segments if segment.name in self.alone]
        self.alone = []
        return len(names)


class Manifest:
    """A manifest of one segment."""

    def all(self) -> tuple[Segment, ...]:
        return (SEGMENT,)

    def dropped(self) -> tuple[Segment, ...]:
        return ()


async def test_what_lies_here_alone_is_stored_as_soon_as_the_store_answers(caplog: pytest.LogCaptureFixture) -> None:
    """A store that is down is asked again, and what was stored is said once."""
    caplog.set_level(logging.INFO)
    shelf = Shelf()
    publishing = Publishing(shelf, Manifest())
    assert not await publishing.step()
    shelf.is_down = False
    assert await publishing.step()
    assert await publishing.step()
    assert not shelf.alone
    assert caplog.messages == [
        "Segments lie on this disk alone.",
        "Segments that lay on this disk alone are in the object store.",
    ]
