"""How much more the head may take."""

import pytest

from sysmon_appliance.errors import StorageFullError
from sysmon_appliance.services.room import HeadRoom


def test_a_batch_that_fits_is_taken() -> None:
    """Up to its size the head takes everything."""
    room = HeadRoom(100)
    room.measured(60)
    room.take(40)


def test_one_that_does_not_fit_is_refused() -> None:
    """Beyond that agents keep what they have, and are told what to look at."""
    room = HeadRoom(100)
    room.measured(60)
    with pytest.raises(StorageFullError) as caught:
        room.take(41)
    assert caught.value.hint == "sysmon storage status"
    assert caught.value.retry_after_seconds


def test_what_came_since_the_measurement_counts() -> None:
    """Between two measurements no more is taken than there was room for."""
    room = HeadRoom(100)
    room.measured(0)
    for _ in range(10):
        room.take(10)
    with pytest.raises(StorageFullError):
        room.take(1)


def test_there_is_room_again_after_a_seal() -> None:
    """When batches have left the head the next ones are taken."""
    room = HeadRoom(100)
    room.measured(100)
    room.measured(50)
    room.take(10)
