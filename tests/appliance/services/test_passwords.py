import asyncio

import pytest
from argon2.profiles import CHEAPEST, RFC_9106_LOW_MEMORY

from sysmon_appliance.errors import RateLimitedError
from sysmon_appliance.services.passwords import AT_ONCE, MOST_WAITING, Passwords


async def test_a_password_matches_its_hash() -> None:
    """A password matches its own hash, which is salted, and no other."""
    passwords = Passwords(CHEAPEST)
    first, second = await passwords.hash("a fine password"), await passwords.hash("a fine password")
    assert first != second
    assert await passwords.matches(first, "a fine password")
    assert not await passwords.matches(first, "a fine passwor")
    assert not await passwords.matches(first, "")
    assert not await passwords.matches(first, "a fine password" * 100)


@pytest.mark.parametrize("known", ["", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA"])
async def test_what_is_no_hash_matches_nothing(known: str) -> None:
    """Where there is no hash, or a damaged one, no password is right."""
    passwords = Passwords(CHEAPEST)
    assert not await passwords.matches(known, "nobody")
    assert not await passwords.matches(known, "")


async def test_however_a_keyboard_composes_it() -> None:
    """Letters with accents are the same, however they were typed."""
    passwords = Passwords(CHEAPEST)
    assert await passwords.matches(
        await passwords.hash("caf\u00e9 au lait sucr\u00e9"), "cafe\u0301 au lait sucre\u0301"
    )


async def test_the_dear_profile() -> None:
    """Unless told otherwise, hashes are argon2id as RFC 9106 recommends it where memory is limited."""
    passwords = Passwords()
    known = await passwords.hash("a fine password")
    profile = RFC_9106_LOW_MEMORY
    assert known.startswith(f"$argon2id$v=19$m={profile.memory_cost},t={profile.time_cost},p={profile.parallelism}$")
    assert not passwords.is_outdated(known)
    assert passwords.is_outdated(await Passwords(CHEAPEST).hash("a fine password"))


async def test_a_crowd_waits_and_is_turned_away() -> None:
    """Few passwords are hashed at a time, some wait, and the rest is told to come back."""
    passwords = Passwords(CHEAPEST)
    crowd = (passwords.hash("a fine password") for _ in range(MOST_WAITING + 5))
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert [type(each) for each in outcomes].count(RateLimitedError) == 5
    assert AT_ONCE < MOST_WAITING
    assert await passwords.hash("a fine password")
