import asyncio

import pytest

from sysmon_appliance.domain.principals import Role
from sysmon_appliance.errors import BadRequestError, ForbiddenError, SignInError, TooManyError
from sysmon_appliance.services.api_tokens import MAX_TOKENS
from tests.support.accounts import HERE, OPERATOR, People


async def test_a_token_is_good_until_it_expires() -> None:
    """A token is good for the time that was asked for, and a use of it is noted."""
    people = People()
    token, text = await people.api_tokens.create(OPERATOR, "script", Role.OPERATOR, 3600)
    who = people.access.of_token(text, HERE.origin)
    assert who
    assert (who.actor, who.role, who.user, who.expires_ms) == ("token:/script", Role.OPERATOR, "", token.expires_ms)
    assert people.accounts.api_tokens[token.id].last_used_ms == people.clock.wall_ms()
    people.clock.advance(3600)
    assert people.access.of_token(text, HERE.origin) is None


async def test_a_token_does_no_more_than_its_owner() -> None:
    """A token's role is the lower of its own and of its owner's at this moment."""
    people = People()
    await people.add("root", Role.ADMIN)
    who = people.who(await people.add("alice", Role.ADMIN))
    assert who
    _, text = await people.api_tokens.create(who, "script", Role.OPERATOR, 3600)
    for owners, found in ((Role.ADMIN, Role.OPERATOR), (Role.VIEWER, Role.VIEWER), (Role.OPERATOR, Role.OPERATOR)):
        await people.users.change(OPERATOR, "alice", role=owners)
        used = people.access.of_token(text, HERE.origin)
        assert used
        assert used.role is found


async def test_a_user_who_is_removed_meanwhile_leaves_no_token() -> None:
    """Whoever is being removed makes no token that a later user of the same name would own."""
    people = People()
    who = people.who(await people.add())
    assert who
    removing = people.users.remove(OPERATOR, "alice")
    making = people.api_tokens.create(who, "script", Role.VIEWER, 3600)
    _, made = await asyncio.gather(removing, making, return_exceptions=True)
    assert isinstance(made, SignInError)
    assert not people.accounts.api_tokens


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb"])
async def test_names(name: str) -> None:
    """A token's name is short and printable."""
    with pytest.raises(BadRequestError):
        await People().api_tokens.create(OPERATOR, name, Role.VIEWER, 3600)


async def test_a_viewer_makes_tokens_for_viewers() -> None:
    """Nobody makes a token that may do more than they may."""
    people = People()
    who = people.who(await people.add())
    assert who
    with pytest.raises(ForbiddenError):
        await people.api_tokens.create(who, "script", Role.OPERATOR, 3600)


async def test_tokens_are_bounded() -> None:
    """An owner has a hundred good tokens at most; expired ones make room."""
    people = People()
    for number in range(MAX_TOKENS):
        await people.api_tokens.create(OPERATOR, f"script-{number}", Role.VIEWER, 60)
    with pytest.raises(TooManyError):
        await people.api_tokens.create(OPERATOR, "one more", Role.VIEWER, 60)
    people.clock.advance(60)
    await people.api_tokens.create(OPERATOR, "one more", Role.VIEWER, 60)
    assert len(people.api_tokens.of(OPERATOR)) == 1


async def test_no_secret_is_kept() -> None:
    """What is stored and recorded of a token does not open anything."""
    people = People()
    _, text = await people.api_tokens.create(OPERATOR, "script", Role.VIEWER, 60)
    assert text.rpartition("_")[2] not in repr(people.barrier.committed)
