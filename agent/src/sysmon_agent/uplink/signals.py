"""What the uplink is told, and what it asks for.

Whoever drives the uplink performs each action in order and reports the outcome of the last one as the next event.
"""

from dataclasses import dataclass

from sysmon_agent.wire.messages import Reply


@dataclass(frozen=True, slots=True)
class Woken:
    """Time has passed, or the spool has grown."""

    last: int  # the stream's highest number


@dataclass(frozen=True, slots=True)
class Connected:
    """`Connect` has succeeded."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The connection could not be made, broke, stayed silent for too long, or spoke nonsense."""

    reason: str


@dataclass(frozen=True, slots=True)
class Greeted:
    """The aggregator has answered hello."""

    reply: Reply
    last: int  # what the hello said
    own_wall_ms: int | None  # when the tick `reply.stored` was taken here; 0: none was, None: that is not known


@dataclass(frozen=True, slots=True)
class Answered:
    """The aggregator has accepted a batch."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Refused:
    """The aggregator has refused a hello, or the batch that ends with `last`."""

    status: int
    code: str
    expected: int = 0  # with `unexpected_tick`: the number it waits for
    retry_after: float = 0.0  # seconds; 0 where it names none
    first: int = 0  # the first tick of the batch, after its gaps
    last: int = 0
    leader: str = ""  # with `not_leader`: who leads, as HOST:PORT; empty where nobody does
    aggregators: tuple[str, ...] = ()  # with `not_leader`: all that it knows


@dataclass(frozen=True, slots=True)
class Renewed:
    """There is another certificate, which connections to come will show."""

    new_host: bool = False  # whether it makes this another host than before


@dataclass(frozen=True, slots=True)
class Connect:
    address: str


@dataclass(frozen=True, slots=True)
class SayHello:
    pass


@dataclass(frozen=True, slots=True)
class SendBatch:
    """Send what follows from number `first`: the gaps there, then up to `samples` values, but at least one tick."""

    first: int
    samples: int
    with_schema: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class Release:
    """Numbers up to `durable` are safe at the aggregator; remember the epoch that said so."""

    durable: int
    epoch: int


@dataclass(frozen=True, slots=True)
class StartStream:
    """Number what is not durable anew, in a stream of its own.

    The aggregator has another history of this stream, or this has become another host.
    """


@dataclass(frozen=True, slots=True)
class SetAside:
    """The tick is refused for good: keep it elsewhere, and declare a gap in its place."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Remember:
    """Keep these addresses of aggregators for the next start."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seek:
    """Look for aggregators elsewhere: this agent has just started, or none that it knows has answered for long."""


Event = Woken | Connected | Failed | Greeted | Answered | Refused | Renewed
Action = Connect | SayHello | SendBatch | Close | Release | StartStream | SetAside | Remember | Seek
