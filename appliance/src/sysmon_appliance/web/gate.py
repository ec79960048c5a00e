"""Who may begin a TLS handshake, and who waits: decided before a handshake costs anything. No I/O happens here.

A connection is a visit. Whoever shows a certificate of ours is vouched for, and its address is known for a day: visits
from there pass at once. All others are strangers. They wait in a room from which a few at a time are let in, and only
so many each second; the addresses in the room take turns, so that one that floods it makes nobody else wait for long.

    WAITING   a stranger, in the room
    SHAKING   a stranger's handshake is under way
    PASSING   a handshake from a known address is under way
    STRANGER  open, without a certificate
    HOLDER    open, with one
    GONE      over

A flood from one address takes that address's turns. A flood from very many addresses can keep strangers out, but takes
no more of the processor than the budget of handshakes, and nothing from open connections and from known addresses.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from sysmon_appliance.domain.limits import Bucket, Buckets, Policy, network

KNOWN_SECONDS = 86_400.0
WAIT_SECONDS = 10.0
"""How long a stranger waits; whoever has not given up by then tries again."""

ROOM = 4096
ROOM_PER_ADDRESS = 1024
SHAKING_AT_ONCE = 64

_MOST_KNOWN = 50_000
_KNOWN_HANDSHAKES = Policy("known_handshakes", quota=1000, window_seconds=10)
"""Of one known address, before its visits wait like those of strangers: many agents may share it behind NAT."""


@dataclass(frozen=True, slots=True)
class GateLimits:
    """How much a listener bears."""

    connections: int  # in all
    strangers: int  # of those who showed no certificate
    strangers_per_address: int
    strangers_per_second: int  # handshakes
    connections_per_holder: int  # with one host's certificate; the oldest makes room


def share_of_strangers(connections: int) -> int:
    """Return how many of all connections strangers may take at most, so that they leave some to others."""
    return max(1, connections // 4)


class Stage(Enum):
    WAITING = "waiting"
    SHAKING = "shaking"
    PASSING = "passing"
    STRANGER = "stranger"
    HOLDER = "holder"
    GONE = "gone"


_AS_STRANGER = frozenset({Stage.SHAKING, Stage.STRANGER})


@dataclass(slots=True, eq=False)
class Visit:
    """One connection, from the moment it was accepted."""

    address: str
    arrived: float
    stage: Stage = Stage.WAITING
    holder: str = ""
    hang_up: Callable[[], None] | None = None


class Gate:
    """The visits of one listener. Belongs to the event loop; times are the loop's."""

    def __init__(self, limits: GateLimits) -> None:
        self.limits = limits
        self.refused: Counter[str] = Counter()  # visits since the start, by the limit that they met
        self.stages: Counter[Stage] = Counter()  # visits that are not over
        self._strangers: Counter[str] = Counter()  # by address
        self._room: OrderedDict[str, dict[Visit, None]] = OrderedDict()  # by address; the one in front is next
        self._arrivals: deque[Visit] = deque()  # all that came into the room, in order
        self._released: deque[Visit] = deque()  # whose address became known while they waited
        self._known: OrderedDict[str, float] = OrderedDict()  # when an address was last vouched for
        self._news: list[str] = []  # addresses in the order in which they became known
        self._forgotten_news = 0
        self._known_buckets = Buckets(_KNOWN_HANDSHAKES)
        self._budget = Bucket(0.0)
        self._budget_policy = Policy("handshakes", limits.strangers_per_second, 1)
        self._holders: dict[str, dict[Visit, None]] = {}
        self._room_for = min(ROOM, share_of_strangers(limits.connections))

    @property
    def waiting(self) -> int:
        return self.stages[Stage.WAITING]

    def arrive(self, host: str, now: float) -> Visit | None:
        """Take a new connection, or refuse it with None.

        The visit either is PASSING, so its handshake may begin, or WAITING until `ready` yields it.
        """
        visit = Visit(network(host), now)
        if self.stages.total() >= self.limits.connections:
            self._refuse("connections")
            return None
        if self._is_known(visit.address, now) and not self._known_buckets.take(visit.address, now):
            visit.stage = Stage.PASSING
        elif self.waiting >= self._room_for or len(self._room.get(visit.address, ())) >= ROOM_PER_ADDRESS:
            self._refuse("waiting")
            return None
        else:
            self._room.setdefault(visit.address, {})[visit] = None
            self._arrivals.append(visit)
        self._count(visit, 1)
        return visit

    def ready(self, now: float) -> Iterator[Visit]:
        """Yield those who waited and may begin their handshake now."""
        while self._released:
            visit = self._released.popleft()
            if visit.stage is Stage.WAITING:
                self._move(visit, Stage.PASSING)
                yield visit
        while (address := self._next_address()) is not None:
            if self._budget.take(self._budget_policy, now):
                return
            visit = next(iter(self._room[address]))
            self._room.move_to_end(address)
            self._move(visit, Stage.SHAKING)
            yield visit

    def overdue(self, now: float) -> Iterator[Visit]:
        """Yield those who waited for too long; their visits are over."""
        while self._arrivals and self._arrivals[0].arrived + WAIT_SECONDS <= now:
            visit = self._arrivals.popleft()
            if visit.stage is Stage.WAITING:
                self.leave(visit)
                self._refuse("waiting")
                yield visit

    def admit(self, visit: Visit) -> bool:
        """Note that a handshake ended without a certificate; return whether the connection may stay."""
        self._move(visit, Stage.STRANGER)
        if self._strangers[visit.address] <= self.limits.strangers_per_address:
            return True
        self._refuse("strangers_per_address")
        return False

    def vouch(self, visit: Visit, holder: str, hang_up: Callable[[], None], now: float, *, most: int = 0) -> None:
        """Note that a certificate was shown; `hang_up` ends the connection when it has to make room.

        `most` is how many connections the holder may have, where that is not what any host may.
        """
        self._move(visit, Stage.HOLDER)
        visit.holder, visit.hang_up = holder, hang_up
        self._remember(visit.address, now)
        visits = self._holders.setdefault(holder, {})
        visits[visit] = None
        if len(visits) > (most or self.limits.connections_per_holder):
            oldest = next(iter(visits))
            self._refuse("connections_per_host")
            self.leave(oldest)
            if oldest.hang_up is not None:
                oldest.hang_up()

    def news(self, after: int, most: int) -> tuple[int, Sequence[str]]:
        """Return addresses that became known, from a number on, and the number to ask from next."""
        start = max(after - self._forgotten_news, 0)
        told = self._news[start : start + most]
        return self._forgotten_news + start + len(told), told

    def learn(self, addresses: Iterable[str], now: float) -> None:
        """Know addresses that were vouched for elsewhere in the region."""
        for address in addresses:
            self._remember(address, now)

    def leave(self, visit: Visit) -> None:
        """Note that a connection has ended, or will never be one; doing so again changes nothing."""
        if visit.stage is Stage.GONE:
            return
        self._move(visit, Stage.GONE)
        visits = self._holders.get(visit.holder)
        if visits is not None:
            visits.pop(visit, None)
            if not visits:
                del self._holders[visit.holder]

    def _is_known(self, address: str, now: float) -> bool:
        vouched = self._known.get(address)
        return vouched is not None and now - vouched < KNOWN_SECONDS

    def _remember(self, address: str, now: float) -> None:
        if not self._is_known(address, now):
            self._released += self._room.get(address, ())
            self._note_news(address)
        self._known[address] = now
        self._known.move_to_end(address)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def _note_news(self, address: str) -> None:
        self._news.append(address)
        if len(self._news) > 2 * _MOST_KNOWN:
            del self._news[:_MOST_KNOWN]
            self._forgotten_news += _MOST_KNOWN

    def _next_address(self) -> str | None:
        """Find whose turn it is; None if nobody may come in."""
        strangers = self.stages[Stage.SHAKING] + self.stages[Stage.STRANGER]
        if self.stages[Stage.SHAKING] >= SHAKING_AT_ONCE or strangers >= self.limits.strangers:
            return None
        for _ in range(len(self._room)):
            address = next(iter(self._room))
            if self._strangers[address] < self.limits.strangers_per_address:
                return address
            self._room.move_to_end(address)
        return None

    def _move(self, visit: Visit, stage: Stage) -> None:
        self._count(visit, -1)
        if visit.stage is Stage.WAITING:
            self._leave_room(visit)
        visit.stage = stage
        self._count(visit, 1)

    def _leave_room(self, visit: Visit) -> None:
        waiting = self._room[visit.address]
        del waiting[visit]
        if not waiting:
            del self._room[visit.address]

    def _count(self, visit: Visit, by: int) -> None:
        if visit.stage is Stage.GONE:
            return
        self.stages[visit.stage] += by
        if visit.stage in _AS_STRANGER:
            self._strangers[visit.address] += by
            if not self._strangers[visit.address]:
                del self._strangers[visit.address]

    def _refuse(self, limit: str) -> None:
        self.refused[limit] += 1
