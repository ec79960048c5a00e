"""Leaving a store alone that has just not answered."""

from pathlib import Path

import pytest

from sysmon_appliance.errors import StoreUnreachableError
from sysmon_appliance.objectstore.objects import ObjectMissingError
from sysmon_appliance.objectstore.patience import Patience
from tests.support.clock import ManualClock
from tests.support.objects import MemoryObjects

NAME = "raw-day-20241004-0000.sqlite"


def test_a_store_that_did_not_answer_is_not_asked_again_at_once() -> None:
    """After a failure, the same is said for some seconds without waiting for the store; then it is asked anew."""
    objects, clock = MemoryObjects(), ManualClock()
    patience = Patience(objects, clock)
    objects.is_down = True
    for _ in range(3):
        with pytest.raises(StoreUnreachableError, match="it is down"):
            patience.size(NAME)
    assert len(objects.requests) == 1
    clock.advance(11)
    objects.is_down = False
    assert patience.size(NAME) is None
    assert patience.size(NAME) is None
    assert len(objects.requests) == 3


def test_it_is_known_whether_the_store_answers(tmp_path: Path) -> None:
    """Nothing is said before the store was asked; then the last answer counts, and a missing object is an answer."""
    objects, clock = MemoryObjects(), ManualClock()
    patience = Patience(objects, clock)
    assert patience.answers is None
    with pytest.raises(ObjectMissingError):
        list(patience.read(NAME, 1))
    assert patience.answers is True
    objects.is_down = True
    with pytest.raises(StoreUnreachableError):
        patience.put(NAME, tmp_path)
    assert patience.answers is False


def test_what_is_asked_reaches_the_store(tmp_path: Path) -> None:
    """Between failures, nothing is changed on the way."""
    file = tmp_path / "file"
    file.write_bytes(b"content")
    patience = Patience(MemoryObjects(), ManualClock())
    patience.put(NAME, file)
    assert b"".join(patience.read(NAME, 7)) == b"content"
    assert list(patience.names()) == [NAME]
    patience.delete(NAME)
    assert not list(patience.names())
    assert patience.url == "memory://bucket"
