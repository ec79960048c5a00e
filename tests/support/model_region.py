"""A region of aggregators in memory: one leads, what it stores becomes durable when it is told to, and any may fail.

The replica is what every later leader begins with. Only the leader of the highest epoch can add to it, as only its
transactions pass Consul; one that was replaced may go on storing, and believes that it leads.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum, auto

from sysmon_agent.errors import TransportError
from sysmon_agent.transport import Response
from sysmon_agent.wire.decode import decode_batch, decode_hello
from sysmon_agent.wire.routes import HELLO_PATH
from tests.support.model_server import Fate, ModelServer, Stored, problem

ADDRESSES = ("a:1", "b:1", "c:1")


class Part(Enum):
    """What a node does."""

    LEADS = auto()  # or believes that it does
    FOLLOWS = auto()
    DEAD = auto()


class Leader(ModelServer):
    """A term of one node, over its own copy of the replica."""

    def __init__(self, now_ms: Callable[[], int], *, epoch: int, streams: dict[bytes, Stored]) -> None:
        super().__init__(now_ms, epoch=epoch, learns_epochs=False)
        self.streams = deepcopy(streams)
        self.safe = {stream_id: stored.stream.last for stream_id, stored in streams.items()}

    def durable(self, stream_id: bytes, _stored: int) -> int:
        return self.safe.get(stream_id, 0)


@dataclass
class ModelNode:
    part: Part
    named: str = ""  # who leads, as far as it knows
    term: Leader | None = None

    def answer(self, link: object, path: str, body: bytes) -> Response:
        if self.part is Part.LEADS and self.term:
            if path == HELLO_PATH:
                return self.term.hello(link, decode_hello(body))
            return self.term.batch(link, decode_batch(body))
        return problem(421, "not_leader", leader=self.named, aggregators=list(ADDRESSES))


class ModelRegion:
    """Three nodes, of which the first leads in the beginning."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self.replica: dict[bytes, Stored] = {}
        self.epoch = 0
        self.can_sync = True
        self.nodes = {address: ModelNode(Part.FOLLOWS) for address in ADDRESSES}
        self.leader = ADDRESSES[0]
        self.dialled: list[str] = []
        self.fates: list[Fate] = []  # of the next exchanges
        self.lead(self.leader)

    @property
    def term(self) -> Leader:
        """What the rightful leader has."""
        term = self.nodes[self.leader].term
        assert term
        return term

    def lead(self, address: str, *, before: Part = Part.FOLLOWS) -> None:
        """Let a node lead from what is durable; the one before it becomes a standby, or dies, or does not notice."""
        self.nodes[self.leader].part = before
        self.epoch += 1
        self.leader = address
        self.nodes[address].part = Part.LEADS
        self.nodes[address].term = Leader(self._now_ms, epoch=self.epoch, streams=self.replica)

    def sync(self) -> None:
        """Make all that the leader has stored durable."""
        if self.can_sync and self.nodes[self.leader].part is Part.LEADS:
            self.replica = deepcopy(self.term.streams)
            self.term.safe = {stream_id: stored.stream.last for stream_id, stored in self.replica.items()}

    def tell(self, named: str) -> None:
        """Let every node believe that this one leads."""
        for node in self.nodes.values():
            node.named = named

    def vanish(self, *addresses: str) -> None:
        """Let nodes be gone."""
        for address in addresses:
            self.nodes[address].part = Part.DEAD

    def connect(self, address: str) -> "RegionLink":
        self.dialled.append(address)
        node = self.nodes[address]
        if node.part is Part.DEAD:
            raise TransportError(f"{address} cannot be reached.")
        return RegionLink(node, self.fates)

    def heal(self) -> None:
        """End every failure; the leader stays."""
        self.can_sync = True
        for address, node in self.nodes.items():
            node.part = Part.LEADS if address == self.leader else Part.FOLLOWS
        self.tell(self.leader)


class RegionLink:
    """A connection to one node; it ends with the node's part, as a change of role ends connections."""

    local_address = "127.0.0.1"

    def __init__(self, node: ModelNode, fates: list[Fate]) -> None:
        self._node = node
        self._fates = fates
        self._began = (node.part, node.term)
        self._closed = False

    def post(self, path: str, body: bytes) -> Response:
        fate = self._fates.pop(0) if self._fates else Fate.ANSWERED
        if self._closed or fate is Fate.LOST_REQUEST or self._began != (self._node.part, self._node.term):
            raise TransportError("the request was lost")
        answer = self._node.answer(self, path, body)
        if fate is Fate.LOST_REPLY:
            raise TransportError("the reply was lost")
        return answer

    def close(self) -> None:
        self._closed = True

    abort = close
