import asyncio

import pytest

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.errors import LastAdminError, NotFoundError, StorageFullError, TooManyError, WeakPasswordError
from sysmon_appliance.services.users import INVITATION_MS, MAX_USERS
from tests.support.accounts import HERE, OPERATOR, PASSWORD, People


async def test_an_invitation_expires() -> None:
    """An invitation may be followed for a day."""
    people = People()
    _, invitation = await people.users.create(OPERATOR, "alice", Role.VIEWER)
    people.clock.advance(INVITATION_MS / 1000)
    with pytest.raises(NotFoundError):
        await people.sign_in.accept(invitation, PASSWORD, HERE)


async def test_another_invitation_voids_the_first() -> None:
    """Of several invitations only the newest is good."""
    people = People()
    _, first = await people.users.create(OPERATOR, "alice", Role.VIEWER)
    second = await people.users.invite(OPERATOR, "alice")
    with pytest.raises(NotFoundError):
        people.sign_in.invited(first)
    assert people.sign_in.invited(second).name == "alice"


async def test_an_invitation_is_followed_once() -> None:
    """When two browsers follow one invitation at once, one of them sets the password."""
    people = People()
    _, invitation = await people.users.create(OPERATOR, "alice", Role.VIEWER)
    both = (people.sign_in.accept(invitation, PASSWORD, HERE) for _ in range(2))
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {str, NotFoundError}


async def test_who_is_shut_out_follows_no_invitation() -> None:
    """An invitation is worth nothing while its user is shut out."""
    people = People()
    _, invitation = await people.users.create(OPERATOR, "alice", Role.VIEWER)
    await people.users.change(OPERATOR, "alice", disabled=True)
    with pytest.raises(NotFoundError):
        people.sign_in.invited(invitation)


async def test_a_weak_password_uses_up_nothing() -> None:
    """A password that is refused leaves the invitation as it was."""
    people = People()
    _, invitation = await people.users.create(OPERATOR, "alice", Role.VIEWER)
    with pytest.raises(WeakPasswordError):
        await people.sign_in.accept(invitation, "alicealice12", HERE)
    assert await people.sign_in.accept(invitation, PASSWORD, HERE)


async def test_two_admins_cannot_remove_each_other() -> None:
    """Of two admins who shut each other out at the same moment, one stays."""
    people = People()
    await people.add("alice", Role.ADMIN)
    await people.add("bob", Role.ADMIN)
    outcomes = await asyncio.gather(
        people.users.remove(OPERATOR, "alice"),
        people.users.change(OPERATOR, "bob", role=Role.VIEWER),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(LastAdminError) == 1
    assert any(user.rules for user in people.users.all())


async def test_an_invited_admin_counts() -> None:
    """Somebody who is invited as an admin can take over, so the other admin may go."""
    people = People()
    await people.add("alice", Role.ADMIN)
    await people.users.create(OPERATOR, "bob", Role.ADMIN)
    await people.users.remove(OPERATOR, "alice")
    assert [user.name for user in people.users.all()] == ["bob"]


async def test_a_name_that_returns_is_somebody_else() -> None:
    """Nothing that a removed user had opens anything to the next user of that name."""
    people = People()
    session = await people.add()
    who = people.who(session)
    assert who
    _, token = await people.api_tokens.create(who, "script", Role.VIEWER, 3600)
    await people.users.remove(OPERATOR, "alice")
    await people.add()
    assert people.who(session) is None
    assert people.access.of_token(token, HERE.origin) is None


async def test_a_change_that_changes_nothing_is_no_entry() -> None:
    """Giving a user the role that they have leaves sessions and audit log alone."""
    people = People()
    session = await people.add()
    entries = len(people.barrier.audited)
    await people.users.change(OPERATOR, "alice", role=Role.VIEWER, disabled=False)
    assert len(people.barrier.audited) == entries
    assert people.who(session)


async def test_changes_are_on_record_with_before_and_after() -> None:
    """The audit log says what a user might do before and after a change."""
    people = People()
    await people.add()
    await people.users.change(OPERATOR, "alice", role=Role.OPERATOR)
    entry = people.barrier.audited[-1]
    assert (entry.actor, entry.action, entry.target) == ("socket:operator", "user.change", "alice")
    assert (entry.before, entry.after) == (
        {"role": "viewer", "disabled": False},
        {"role": "operator", "disabled": False},
    )


async def test_what_cannot_be_stored_does_not_happen() -> None:
    """While nothing can be made to last, users stay as they are."""
    people = People()
    await people.add()
    people.barrier.error = StorageFullError("full")
    for change in (
        people.users.create(OPERATOR, "bob", Role.VIEWER),
        people.users.change(OPERATOR, "alice", role=Role.ADMIN),
        people.users.remove(OPERATOR, "alice"),
        people.users.invite(OPERATOR, "alice"),
    ):
        with pytest.raises(SysmonError):
            await change
    (alice,) = people.users.all()
    assert (alice.role, alice.invitation) == (Role.VIEWER, None)


async def test_users_are_bounded() -> None:
    """There are a thousand users at most."""
    people = People()
    for number in range(MAX_USERS):
        await people.users.create(OPERATOR, f"user-{number}", Role.VIEWER)
    with pytest.raises(TooManyError):
        await people.users.create(OPERATOR, "one-more", Role.VIEWER)
