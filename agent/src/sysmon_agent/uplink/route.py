"""Which aggregator is spoken to next.

All that are known lie in a ring: those of the settings first, in their order, then those that other aggregators have
named. A **round** goes through the ring until somebody takes what this agent has; a standby shortens it by naming who
leads.
"""

from collections.abc import Iterable, Sequence

MAX_LEARNED = 8
"""Addresses kept beside those of the settings: a region has three aggregators or five, and lists grow old."""

MAX_JUMPS = 4
"""How often in one round a named leader is followed: two aggregators that name each other are no way to go."""

MAX_DOUBTS = 5
"""A leader that this round has been to in vain is gone to again when it is still named after so many answers: perhaps
it was the way to it that failed."""


class Route:
    """The ring, and how far the present round has come.

    Parameters
    ----------
    configured
        Addresses that are never forgotten; at least one.
    """

    def __init__(self, configured: Sequence[str]) -> None:
        self._configured = tuple(configured)
        self.learned: tuple[str, ...] = ()
        self.current = self._configured[0]
        self._tried: set[str] = set()
        self._named = ""  # who leads, as far as this agent knows
        self._jumps = 0
        self._doubts = 0

    @property
    def addresses(self) -> tuple[str, ...]:
        return _distinct((*self._configured, *self.learned))

    def learn(self, addresses: Iterable[str]) -> bool:
        """Keep addresses, in the place of the oldest where there are too many; say whether one of them was new."""
        before = self.learned
        others = (address for address in (*addresses, *before) if address not in self._configured)
        self.learned = _distinct(others)[:MAX_LEARNED]
        return not set(self.learned) <= set(before)

    def follow(self, leader: str) -> bool:
        """Go to the leader that an aggregator names; false where nobody is, or where that leads nowhere new."""
        fresh = leader != self._named or leader not in self._tried
        self._doubts = 0 if fresh else self._doubts + 1
        self._named = leader
        if not leader or leader == self.current or self._jumps == MAX_JUMPS or 0 < self._doubts < MAX_DOUBTS:
            return False
        self._jumps += 1
        self._doubts = 0
        self._tried.add(self.current)
        self.current = leader
        return True

    def advance(self) -> bool:
        """Go to the next aggregator that this round has not been to; false where there is none, and the round ends."""
        self._tried.add(self.current)
        for address in self._after(self.current):
            if address not in self._tried:
                self.current = address
                return True
        return False

    def start_round(self, first: str = "") -> None:
        """Begin with a chosen aggregator, or else with the one after the present one."""
        self.current = first or next(iter(self._after(self.current)), self.current)
        self._forget()

    def arrive(self) -> None:
        """Take note that the present aggregator takes what this agent has."""
        self._forget()
        self._named = self.current

    def _forget(self) -> None:
        self._tried.clear()
        self._jumps = self._doubts = 0

    def _after(self, address: str) -> tuple[str, ...]:
        ring = self.addresses
        place = ring.index(address) if address in ring else -1
        return (*ring[place + 1 :], *ring[: max(place, 0)])


def _distinct(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(addresses))
