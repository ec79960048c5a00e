"""Slows down whoever guesses passwords, without locking out whoever knows theirs.

Three counts of failures, each forgotten a quarter of an hour after the next attempt would have been heard:

    user and address   from the sixth on, that address waits before it may try that user again: 2 s, 4 s, 8 s … 15 min
    address            the same from the 21st on, whichever users were tried, known here or not
    user               from the eleventh on, each attempt at that user is answered later, 5 s at most, and never refused

So nobody can lock a user out of another address, and a guess that is spread over users or over addresses is slow all
the same. An attempt counts as a failure until it turns out to be none: many at once gain nothing.
"""

from collections import OrderedDict
from dataclasses import dataclass

from sysmon_appliance.domain.limits import network
from sysmon_appliance.domain.users import is_name

FORGET_MS = 900_000
MAX_PAUSE_MS = 900_000
MAX_DELAY_SECONDS = 5.0
_FREE_PER_PAIR = 5
_FREE_PER_ADDRESS = 20
_FREE_PER_USER = 10
_MOST_KEPT = 20_000
"""Counts in memory. Whoever floods them to be forgotten is stopped by the count of the flood's own addresses."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_ms: int = 0
    refused_until_ms: int = 0


class Brake:
    """Counts the attempts to sign in. Lives on the event loop."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def refused_ms(self, user: str, address: str, now_ms: int) -> int:
        """Return for how long nobody at this address may try this user; 0 where they may."""
        keys = _pair(user, address), _address(address)
        return max(0, *(self._of(key, now_ms).refused_until_ms - now_ms for key in keys))

    def begin(self, user: str, address: str, now_ms: int) -> float:
        """Count an attempt and return how many seconds its answer has to wait."""
        self._count(_pair(user, address), now_ms, _FREE_PER_PAIR)
        self._count(_address(address), now_ms, _FREE_PER_ADDRESS)
        over = self._count(_user(user), now_ms, None) - _FREE_PER_USER
        return min(MAX_DELAY_SECONDS, 0.25 * 2.0 ** min(over, 8)) if over > 0 else 0.0

    def succeeded(self, user: str, address: str) -> None:
        """Forget what was counted against a user here, and take back this attempt from what counts against the address.

        The address keeps its other failures: having one password of one's own must not buy more guesses at others'.
        """
        self._failures.pop(_pair(user, address), None)
        self._failures.pop(_user(user), None)
        found = self._failures.get(_address(address))
        if found is not None:
            found.count -= 1
            found.refused_until_ms = 0

    def _count(self, key: tuple[str, str], now_ms: int, free: int | None) -> int:
        found = self._failures[key] = self._of(key, now_ms)
        self._failures.move_to_end(key)
        if len(self._failures) > _MOST_KEPT:
            self._failures.popitem(last=False)
        found.count += 1
        found.last_ms = now_ms
        if free is not None and found.count > free:
            found.refused_until_ms = now_ms + min(MAX_PAUSE_MS, 1000 * 2 ** min(found.count - free, 20))
        return found.count

    def _of(self, key: tuple[str, str], now_ms: int) -> _Failures:
        found = self._failures.get(key)
        if found is None or now_ms >= max(found.refused_until_ms, found.last_ms) + FORGET_MS:
            return _Failures()
        return found


def _pair(user: str, address: str) -> tuple[str, str]:
    return _name(user), network(address) or "?"


def _address(address: str) -> tuple[str, str]:
    return "", network(address) or "?"


def _user(user: str) -> tuple[str, str]:
    return _name(user), ""


def _name(user: str) -> str:
    """Take all that nobody can be called for one user: it may be long, or a password typed into the wrong field."""
    return user if is_name(user) else "?"
