"""The one way to change users, sessions and API tokens."""

import asyncio

from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.domain.users import SaveUser, User, UsersState
from sysmon_appliance.services.accounts import Accounts
from sysmon_appliance.services.barrier import GroupCommit
from tests.support.clock import ManualClock
from tests.support.store import HeldStore

ADMIN = Principal(Kind.SOCKET, "operator", Role.ADMIN)


async def test_a_change_is_shown_when_whoever_asked_for_it_has_gone() -> None:
    """A request that is given up while its change is being committed leaves memory and disk in agreement."""
    store, clock = HeldStore(), ManualClock()
    barrier = GroupCommit(store, clock, gather_milliseconds=1)
    accounts = Accounts(UsersState(), barrier, clock)
    user = User("alice", Role.VIEWER, created_ms=0)
    request = asyncio.create_task(accounts.commit(ADMIN, "user.create", "alice", [SaveUser(user)]))
    while not store.held:  # noqa: ASYNC110 - the barrier's timer has no event to wait for
        await asyncio.sleep(0.001)
    request.cancel()
    store.finish()
    await barrier.close()
    assert accounts.users == {"alice": user}
