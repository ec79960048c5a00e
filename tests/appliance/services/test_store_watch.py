"""Watching whether the object store answers."""

import logging

import pytest

from sysmon_appliance.errors import StoreUnreachableError
from sysmon_appliance.services.store_watch import StoreWatch


class Store:
    """Something to ask."""

    def __init__(self) -> None:
        self.is_down = False
        self.asked = 0

    def ask(self) -> None:
        self.asked += 1
        if self.is_down:
            raise StoreUnreachableError("The object store cannot be used: it is down.")


async def test_going_and_coming_back_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log has one line when the store goes away and one when it is back, however often it was asked."""
    caplog.set_level(logging.INFO)
    store = Store()
    watch = StoreWatch(store.ask)
    for is_down in (False, True, True, False, False):
        store.is_down = is_down
        await watch.step()
    assert store.asked == 5
    assert caplog.messages == [
        "The object store does not answer; new history waits in the live database.",
        "The object store answers again.",
    ]
