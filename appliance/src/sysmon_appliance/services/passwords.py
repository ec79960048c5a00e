"""Hashes passwords with argon2id, a few at a time.

Each hash takes 64 MiB for as long as it lasts, so a crowd at the sign-in page must wait instead of eating the memory.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from sysmon_appliance.domain.passwords import MAX_CHARACTERS, normalised
from sysmon_appliance.errors import RateLimitedError

AT_ONCE = 2
MOST_WAITING = 16

T = TypeVar("T")


class Passwords:
    """Belongs to the event loop; hashing happens in threads.

    Parameters
    ----------
    profile
        How dear a hash is. RFC 9106, section 4, recommends this one where memory is limited.
    """

    def __init__(self, profile: Parameters = RFC_9106_LOW_MEMORY) -> None:
        self._hasher = PasswordHasher.from_parameters(profile)
        self._nobody = _matched_by_none(profile)
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return a PHC string of a password.

        Raises
        ------
        RateLimitedError
            Too many wait already.
        """
        return await self._in_turn(lambda: self._hasher.hash(normalised(password)))

    async def matches(self, known: str, password: str) -> bool:
        """Whether a password is the one of a PHC string; an empty string takes as long and is never matched.

        Raises
        ------
        RateLimitedError
            Too many wait already.
        """
        return await self._in_turn(lambda: self._verify(known or self._nobody, password)) and bool(known)

    def is_outdated(self, known: str) -> bool:
        """Whether a hash was made with other parameters than those of now."""
        return self._hasher.check_needs_rehash(known)

    def _verify(self, known: str, password: str) -> bool:
        if len(password) > MAX_CHARACTERS:
            password = ""  # no password is that long, and none is empty
        try:
            return self._hasher.verify(known, normalised(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise RateLimitedError("Too many passwords are being checked at this moment.", hint="sysmon link")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def _matched_by_none(profile: Parameters) -> str:
    """Write a hash that takes as long to check as any, without the time to make one at each start."""
    salt, digest = (b64encode(bytes(size)).decode().rstrip("=") for size in (profile.salt_len, profile.hash_len))
    costs = f"m={profile.memory_cost},t={profile.time_cost},p={profile.parallelism}"
    return f"$argon2id$v={profile.version}${costs}${salt}${digest}"
