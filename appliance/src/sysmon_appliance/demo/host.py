"""A simulated host's side of delivery, without I/O: which ticks it has, and what became of them.

The rules are an agent's (ticks are numbered without exception, what was not collected is declared), with one
difference: nothing is kept on disk. So a host begins a new stream at each start, and while a tick waits for its
acknowledgement no other is collected; the numbers that pass meanwhile are declared as a gap.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sysmon_agent.clock import Clock
from sysmon_agent.wire.encode import encode_batch, encode_hello, schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair, Gap, GapReason, Hello, Reply
from sysmon_appliance.demo.fleet import Character
from sysmon_appliance.demo.machine import Machine
from sysmon_appliance.demo.recording import Signals
from sysmon_appliance.services.catalog import SIMULATED_FACT


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What hosts share."""

    signals: Signals
    clock: Clock
    identifier: Callable[[], bytes]  # 16 random bytes at each call
    interval_ms: int
    version: str


class SimulatedHost:
    """One host and its stream."""

    def __init__(self, character: Character, around: Surroundings) -> None:
        self.character = character
        self._around = around
        self._machine = Machine(character, around.signals, now_ms=around.clock.wall_ms())
        self._schema = self._machine.schema
        self._schema_hash = schema_hash(self._schema)
        self._boot_id = around.identifier()
        self._stream_id = around.identifier()
        self._last = 0
        self._last_boot_ms = 0  # of the newest tick; 0 before the first
        self._waiting: Batch | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether there is a tick that the aggregator has not acknowledged."""
        return self._waiting is not None

    def hello(self) -> bytes:
        """Encode the first message of a connection."""
        return encode_hello(
            Hello(
                stream_id=self._stream_id,
                last=self._last,
                boot_id=self._boot_id,
                interval_ms=self._around.interval_ms,
                sent=self._clocks(),
                facts=(
                    ("host.arch", "amd64"),
                    ("host.name", self.character.name),
                    ("os.description", "Debian GNU/Linux 12 (bookworm)"),
                    ("os.type", "linux"),
                    ("service.version", self._around.version),
                    (SIMULATED_FACT, "true"),
                ),
                labels=self.character.labels,
                tags=self.character.tags,
                metadata=self.character.metadata,
            )
        )

    def greeted(self, reply: Reply) -> None:
        """Take the answer to hello: it tells whether the tick that waits has arrived already."""
        self.acknowledged(reply)
        if reply.stored not in {self._last, self._before_waiting()}:
            self._begin_stream()

    def collect(self) -> None:
        """Measure a tick, unless one waits; numbers that passed since the last one become a gap."""
        if self._waiting is not None:
            return
        sent = self._clocks()
        intervals = self._intervals_until(sent.boot_ms)
        columns, processes = self._machine.advance(intervals * self._around.interval_ms / 1000)
        first = self._last + intervals
        missed = Gap(self._last + 1, first - 1, GapReason.AGENT_DOWN)
        self._last, self._last_boot_ms = first, sent.boot_ms
        self._waiting = Batch(
            stream_id=self._stream_id,
            first=first,
            wall_ms=(sent.wall_ms,),
            boot_ms=(sent.boot_ms,),
            columns=columns,
            schema_hash=self._schema_hash,
            sent=sent,
            skipped=(missed,) if missed.count else (),
            tables=(processes,),
        )

    def body(self, *, with_schema: bool = False) -> bytes:
        """Encode the tick that waits, as it leaves now."""
        assert self._waiting is not None  # noqa: S101 - the caller has asked is_waiting
        schema = self._schema if with_schema else None
        return encode_batch(replace(self._waiting, sent=self._clocks(), schema=schema))

    def acknowledged(self, reply: Reply) -> None:
        """Let go of the tick if it is durable."""
        if reply.durable >= self._last:
            self._waiting = None

    def _intervals_until(self, boot_ms: int) -> int:
        """Return how many ticks are due since the newest one, this one included."""
        if not self._last_boot_ms:
            return 1
        return max(1, round((boot_ms - self._last_boot_ms) / self._around.interval_ms))

    def _before_waiting(self) -> int:
        """Return the last number that is not on its way."""
        if self._waiting is None:
            return self._last
        return (self._waiting.skipped[0].first if self._waiting.skipped else self._waiting.first) - 1

    def _begin_stream(self) -> None:
        """Start anew because the aggregator knows another past; the tick that waits becomes the first."""
        self._stream_id = self._around.identifier()
        self._last = 0
        if self._waiting is not None:
            self._waiting = replace(self._waiting, stream_id=self._stream_id, first=1, skipped=())
            self._last = 1

    def _clocks(self) -> ClockPair:
        return ClockPair(self._around.clock.wall_ms(), self._around.clock.boot_ms())
