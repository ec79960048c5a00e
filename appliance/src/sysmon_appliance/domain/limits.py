"""How often something may be done: token buckets, one per identity or address.

A bucket holds as many tokens as may be used at once, and fills up again evenly. Tables of buckets are bounded: the one
that was not used for longest goes first, and by then it is mostly full, so that forgetting it changes nothing.
"""

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass

MAX_BUCKETS = 20_000


@dataclass(frozen=True, slots=True)
class Policy:
    """So many times within so many seconds; also all at once, and then again as they come back."""

    name: str  # as metrics and RateLimit fields call it
    quota: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What became of one attempt."""

    policy: Policy
    remaining: int
    reset_seconds: float  # until nothing of the quota is used any more
    wait_seconds: float = 0.0  # until the next attempt can succeed; 0 where this one did

    @property
    def allowed(self) -> bool:
        return not self.wait_seconds


class Bucket:
    """The tokens of one identity or address; times are in seconds. A clock that goes back gives no tokens back."""

    __slots__ = ("_at", "_used")

    def __init__(self, now: float) -> None:
        self._used = 0.0
        self._at = now

    def take(self, policy: Policy, now: float, *, tokens: int = 1) -> float:
        """Use tokens and return 0, or return how long it takes until there are so many."""
        rate = policy.quota / policy.window_seconds
        used = max(0.0, self._used - max(0.0, now - self._at) * rate)
        self._at = now
        over = used + tokens - policy.quota
        self._used = used if over > 0 else used + tokens
        return max(0.0, over / rate)

    def left(self, policy: Policy) -> tuple[int, float]:
        """Return the tokens that are left, and how long it takes until all are there again."""
        rate = policy.quota / policy.window_seconds
        return max(0, math.floor(policy.quota - self._used)), self._used / rate


class Buckets:
    """The buckets of one policy."""

    def __init__(self, policy: Policy, *, most: int = MAX_BUCKETS) -> None:
        self.policy = policy
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str, now: float, *, tokens: int = 1) -> float:
        """Use tokens of this identity or address and return 0, or return how long it takes until there are so many."""
        return self._bucket(key, now).take(self.policy, now, tokens=tokens)

    def attempt(self, key: str, now: float) -> Allowance:
        """Do the same, and say what is left."""
        bucket = self._bucket(key, now)
        wait_seconds = bucket.take(self.policy, now)
        remaining, reset_seconds = bucket.left(self.policy)
        return Allowance(self.policy, remaining, reset_seconds, wait_seconds)

    def _bucket(self, key: str, now: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is not None:
            self._buckets.move_to_end(key)
            return bucket
        bucket = self._buckets[key] = Bucket(now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket

    def __len__(self) -> int:
        return len(self._buckets)


def network(address: str) -> str:
    """Take what one subscriber is given of IPv6, 64 bits, for one address; IPv4 inside IPv6 is IPv4."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
