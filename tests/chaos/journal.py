"""All that one agent ever took, and what of it was promised to last.

Each tick has a serial, which is its value: so whoever reads a database sees which tick it holds, under whatever number.
"""

import struct
from dataclasses import dataclass, field

from sysmon_agent.wire.encode import schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair, Schema, Series

SCHEMA = Schema((Series("system.uptime"),))
_HASH = schema_hash(SCHEMA)


@dataclass(slots=True)
class TickStream:
    """A stream, complete; nothing of it is ever forgotten here."""

    id: bytes
    serials: list[int] = field(default_factory=list)
    wall_ms: list[int] = field(default_factory=list)
    durable: int = 0  # the highest number that was ever acknowledged as durable

    @property
    def last(self) -> int:
        return len(self.serials)


class Journal:
    """An agent's spool, in memory. Stream ids are made of the agent's number and how many streams it had before."""

    def __init__(self, agent: int) -> None:
        self._agent = agent
        self._newest = 0
        self.streams = [self._new_stream(0)]

    @property
    def stream(self) -> TickStream:
        return self.streams[-1]

    @property
    def waiting(self) -> int:
        """How many ticks are not promised to last."""
        return self.stream.last - self.stream.durable

    def collect(self, wall_ms: int) -> int:
        """Take a tick, and return its serial."""
        self._newest += 1
        self.stream.serials.append(self._newest)
        self.stream.wall_ms.append(wall_ms)
        return self._newest

    def cut(self, first: int, most: int, sent_ms: int, *, with_schema: bool = False) -> Batch | None:
        """Make a batch of up to `most` ticks from a number on; None where there is none."""
        chosen = slice(first - 1, first - 1 + most)
        serials, times = self.stream.serials[chosen], self.stream.wall_ms[chosen]
        if first < 1 or not serials:
            return None
        return Batch(
            stream_id=self.stream.id,
            first=first,
            wall_ms=tuple(times),
            boot_ms=tuple(times),
            columns=struct.pack(f"<{len(serials)}d", *serials),
            schema_hash=_HASH,
            sent=ClockPair(sent_ms, sent_ms),
            schema=SCHEMA if with_schema else None,
        )

    def wall_ms_of(self, number: int) -> int | None:
        """Say when a tick was taken; 0 before the first, None where there is no such tick."""
        if number == 0:
            return 0
        return self.stream.wall_ms[number - 1] if number <= self.stream.last else None

    def release(self, durable: int) -> None:
        """Note a promise; what was promised once is never taken back, whatever is said later."""
        self.stream.durable = max(self.stream.durable, min(durable, self.stream.last))

    def start_stream(self) -> None:
        """Number what was not promised anew, in another stream."""
        old = self.stream
        new = self._new_stream(len(self.streams))
        new.serials, new.wall_ms = old.serials[old.durable :], old.wall_ms[old.durable :]
        self.streams.append(new)

    def promised(self) -> set[int]:
        """Return the serials that must be in the database of every later leader, once each."""
        return {serial for stream in self.streams for serial in stream.serials[: stream.durable]}

    def taken(self) -> set[int]:
        """Return the serials of all ticks there ever were."""
        return set(range(1, self._newest + 1))

    def _new_stream(self, count: int) -> TickStream:
        return TickStream(struct.pack("<QQ", self._agent, count + 1))
