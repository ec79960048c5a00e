import asyncio

import pytest
from argon2 import Parameters
from argon2.profiles import CHEAPEST

from sysmon_appliance.domain.access import Visitor
from sysmon_appliance.domain.brake import MAX_DELAY_SECONDS
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.errors import (
    BadCredentialsError,
    ForbiddenError,
    LockedOutError,
    StorageFullError,
    WeakPasswordError,
)
from sysmon_appliance.services.passwords import Passwords
from tests.support.accounts import ELSEWHERE, HERE, OPERATOR, PASSWORD, People

DEARER = Parameters(
    type=CHEAPEST.type,
    version=CHEAPEST.version,
    salt_len=CHEAPEST.salt_len,
    hash_len=CHEAPEST.hash_len,
    time_cost=CHEAPEST.time_cost + 1,
    memory_cost=CHEAPEST.memory_cost,
    parallelism=CHEAPEST.parallelism,
)


async def failing(people: People, times: int, *, user: str = "alice", visitor: Visitor = HERE) -> None:
    for _ in range(times):
        with pytest.raises(BadCredentialsError):
            await people.sign_in.sign_in(user, "wrong", visitor)


async def test_signing_in() -> None:
    """User and password give a session of that user, and the moment is noted."""
    people = People()
    await people.add(role=Role.OPERATOR)
    people.clock.advance(60)
    who = people.who(await people.sign_in.sign_in("alice", PASSWORD, HERE))
    assert who
    assert (who.name, who.user, who.role) == ("alice", "alice", Role.OPERATOR)
    assert people.users.all()[0].last_signed_in_ms == people.clock.wall_ms()


@pytest.mark.parametrize("state", ["unknown", "invited", "disabled"])
async def test_who_cannot_sign_in(state: str) -> None:
    """Somebody who is not known, has no password yet, or is shut out learns no more than with a wrong password."""
    people = People()
    if state == "invited":
        await people.users.create(OPERATOR, "alice", Role.VIEWER)
    if state == "disabled":
        await people.add()
        await people.users.change(OPERATOR, "alice", disabled=True)
    with pytest.raises(BadCredentialsError, match="do not belong together"):
        await people.sign_in.sign_in("alice", PASSWORD, HERE)


async def test_failed_attempts_are_in_the_next_entry() -> None:
    """Attempts that fail write nothing; the entry of the next success says how many there were, and only that one."""
    people = People()
    await people.add()
    entries = len(people.barrier.audited)
    await failing(people, 3)
    await failing(people, 2, visitor=ELSEWHERE)
    await failing(people, 2, user="nobody")
    assert len(people.barrier.audited) == entries
    await people.sign_in.sign_in("alice", PASSWORD, HERE)
    await people.sign_in.sign_in("alice", PASSWORD, HERE)
    assert [entry.after for entry in people.barrier.audited[entries:]] == [{"failed_attempts": 5}, None]


async def test_failed_attempts_are_not_lost_with_an_entry() -> None:
    """When the entry of a success cannot be written, the next one tells of the failures."""
    people = People()
    await people.add()
    await failing(people, 1)
    people.barrier.error = StorageFullError("full")
    with pytest.raises(StorageFullError):
        await people.sign_in.sign_in("alice", PASSWORD, HERE)
    people.barrier.error = None
    await people.sign_in.sign_in("alice", PASSWORD, HERE)
    assert people.barrier.audited[-1].after == {"failed_attempts": 1}


async def test_a_forgotten_password_locks_out_this_address_only() -> None:
    """After five failures an address waits before it tries that user again; other addresses do not."""
    people = People()
    await people.add()
    await failing(people, 6)
    with pytest.raises(LockedOutError) as caught:
        await people.sign_in.sign_in("alice", PASSWORD, HERE)
    assert caught.value.retry_after_seconds == 2
    assert await people.sign_in.sign_in("alice", PASSWORD, ELSEWHERE)
    people.clock.advance(2)
    assert await people.sign_in.sign_in("alice", PASSWORD, HERE)


async def test_many_at_once_gain_nothing() -> None:
    """Attempts that run at the same time are counted before any of them is answered."""
    people = People()
    await people.add()
    attempts = (people.sign_in.sign_in("alice", "wrong", HERE) for _ in range(20))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert [type(each) for each in outcomes].count(LockedOutError) == 14


async def test_from_many_addresses() -> None:
    """A user who is tried from everywhere is answered later each time, and is never refused."""
    people = People()
    await people.add()
    for number in range(60):
        await failing(people, 1, visitor=Visitor(f"198.51.100.{number}"))
    assert people.pauses[-1] == MAX_DELAY_SECONDS
    assert await people.sign_in.sign_in("alice", PASSWORD, ELSEWHERE)


async def test_users_that_do_not_exist_count_too() -> None:
    """An address that tries one user after the other is refused after twenty, known users or not."""
    people = People()
    await people.add()
    for number in range(21):
        await failing(people, 1, user=f"guess-{number}")
    with pytest.raises(LockedOutError):
        await people.sign_in.sign_in("alice", PASSWORD, HERE)


async def test_a_hash_that_has_become_too_cheap() -> None:
    """When hashes have become dearer, a password is hashed anew as its user signs in."""
    people = People()
    await people.add()
    before = people.users.all()[0].password
    dearer = People(passwords=Passwords(DEARER))
    for change in people.barrier.committed:
        dearer.accounts.show(change)
    await dearer.sign_in.sign_in("alice", PASSWORD, HERE)
    assert dearer.users.all()[0].password != before
    assert f"t={DEARER.time_cost}" in dearer.users.all()[0].password
    assert await dearer.sign_in.sign_in("alice", PASSWORD, HERE)


async def test_signing_in_races_with_being_shut_out() -> None:
    """Whoever is shut out while their password is being checked is not signed in."""
    people = People()
    await people.add()
    signing_in = asyncio.create_task(people.sign_in.sign_in("alice", PASSWORD, HERE))
    await asyncio.sleep(0)
    await people.users.change(OPERATOR, "alice", disabled=True)
    with pytest.raises(BadCredentialsError):
        await signing_in
    assert not people.accounts.sessions


async def test_changing_a_password() -> None:
    """A new password needs the current one and takes its place; all sessions end and one begins."""
    people = People()
    first = await people.add()
    who = people.who(first)
    assert who
    with pytest.raises(BadCredentialsError):
        await people.sign_in.set_password(who, "wrong", "another fine password", HERE)
    with pytest.raises(WeakPasswordError):
        await people.sign_in.set_password(who, PASSWORD, "short", HERE)
    second = await people.sign_in.set_password(who, PASSWORD, "another fine password", HERE)
    assert (people.who(first), people.who(second) is None) == (None, False)
    await failing(people, 1)
    assert await people.sign_in.sign_in("alice", "another fine password", HERE)
    assert people.actions[-2:] == ["user.password", "session.start"]


async def test_who_has_no_password_changes_none() -> None:
    """Neither the socket nor a link has a password."""
    with pytest.raises(ForbiddenError):
        await People().sign_in.set_password(OPERATOR, "", "another fine password", HERE)
