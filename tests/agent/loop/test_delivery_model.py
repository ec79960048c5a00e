"""Delivery in every order of misfortunes that Hypothesis can think of.

The agent's real spool, uplink and loops run against the rules of the real aggregator, in memory. Exchanges get lost in
either direction, the agent dies anywhere, its certificate is renewed while batches are under way, its machine is
reverted to a snapshot, a second agent runs on a copy of its spool. Whatever happens, every tick that was collected is
stored, or waits, or is counted as missing with a reason, and each stream's ledger adds up.
"""

import shutil
import tempfile
from collections import Counter
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sysmon_agent.wire.messages import Batch, GapReason
from tests.support.agent_rig import BOOT, OTHER_SCHEMA, SCHEMA, Rig
from tests.support.clock import ManualClock
from tests.support.model_server import Fate, Killed, ModelServer

# A power cut is not part of the model, so the disk need not be a real one.
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - mkdtemp makes a private folder there
FATES = st.lists(st.sampled_from(list(Fate)), max_size=6)


class Delivery(RuleBasedStateMachine):
    """One host, its aggregator, and what may go wrong between them."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="sysmon-model-", dir=IN_MEMORY))
        self.clock = ManualClock()
        self.server = ModelServer(lambda: self.clock.passed_ms)  # the aggregator keeps its own time
        self.values = map(float, count(1))
        self.snapshot: tuple[Path, int, set[float]] | None = None
        self.reverted = False
        self.collected: set[float] = set()  # on disk, as far as the disk was not reverted

    @initialize(max_bytes=st.sampled_from([20_000, 1 << 20]), when_full=st.sampled_from(["drop_oldest", "drop_newest"]))
    def begin(self, max_bytes: int, when_full: str) -> None:
        self.limits: dict[str, int | str] = {"max_bytes": max_bytes, "when_full": when_full}
        self.rig = self.agent(self.root / "spool", BOOT)

    def agent(self, folder: Path, boot_id: bytes) -> Rig:
        return Rig(
            folder, self.clock, self.server.connect, boot_id=boot_id, values=lambda: next(self.values), **self.limits
        )

    @rule(
        ticks=st.integers(1, 30),
        late_seconds=st.sampled_from([0, 0, 0, 15, 300]),
        schema=st.sampled_from([SCHEMA, OTHER_SCHEMA]),
    )
    def collect(self, ticks: int, late_seconds: int, schema: object) -> None:
        """Take ticks, the first of them late."""
        self.rig.schema = schema  # type: ignore[assignment]
        self.clock.advance(late_seconds)
        for _ in range(ticks):
            before = self.rig.spool.last
            self.rig.collect()
            if self.rig.spool.last > before:
                self.collected.add(self.rig.looked[-1])

    @rule(fates=FATES, pause_seconds=st.sampled_from([0, 1, 60]), renewing=st.booleans())
    def deliver(self, fates: list[Fate], pause_seconds: int, *, renewing: bool) -> None:
        """Let the agent deliver, with a new certificate at each batch; when it dies at that, start it again."""
        self.clock.advance(pause_seconds)
        self.server.fates = list(fates)
        self.server.refuse = self.renew if renewing else lambda _: None
        try:
            self.rig.sending.deliver()
        except Killed:
            self.revive()
        self.server.fates = []
        self.server.refuse = lambda _: None

    def renew(self, _: Batch) -> None:
        self.rig.sending.use_certificate(new_host=False)

    @rule(down_seconds=st.sampled_from([0, 5, 100]), wall_step_ms=st.sampled_from([0, -3_600_000, 3_600_000]))
    def kill(self, down_seconds: int, wall_step_ms: int) -> None:
        self.clock.advance(down_seconds)
        self.clock.wall += wall_step_ms
        self.revive()

    def revive(self) -> None:
        self.clock.advance(0.003)  # nothing starts twice within one millisecond
        self.rig.restart()

    @rule()
    def save_snapshot(self) -> None:
        copy = Path(tempfile.mkdtemp(dir=self.root)) / "spool"
        shutil.copytree(self.root / "spool", copy)
        self.snapshot = copy, self.clock.boot, set(self.collected)

    @precondition(lambda self: self.snapshot)
    @rule()
    def revert(self) -> None:
        """Put the machine back to the snapshot; ticks that nobody else had are gone with its disk."""
        assert self.snapshot
        copy, boot, collected = self.snapshot
        shutil.rmtree(self.root / "spool")
        shutil.copytree(copy, self.root / "spool")
        self.clock.boot = boot
        self.collected = set(collected)
        self.reverted = True
        self.revive()

    @rule(ticks=st.integers(1, 3))
    def clone(self, ticks: int) -> None:
        """Run a second agent on a copy of the spool, under the same certificate, for a moment."""
        copy = Path(tempfile.mkdtemp(dir=self.root)) / "spool"
        shutil.copytree(self.root / "spool", copy)
        other = self.agent(copy, b"boot-of-a-clone!")
        self.clock.advance(0.003)
        other.collect(ticks)
        other.sending.deliver()
        other.spool.close()
        self.clock.advance(0.003)
        self.reverted = True

    @invariant()
    def every_ledger_adds_up(self) -> None:
        for stored in self.server.streams.values():
            stored.check()

    def teardown(self) -> None:
        try:
            if hasattr(self, "rig"):
                self.settle()
        finally:
            shutil.rmtree(self.root)

    def settle(self) -> None:
        """Deliver all there is, and look for every tick."""
        self.rig.drain(200)
        self.collect(1, 0, SCHEMA)  # what could not be written is declared with the next tick that can
        self.rig.drain(200)
        stored = Counter(self.server.values())
        dropped = self.server.missing(GapReason.SPOOL_FULL)
        assert len(self.collected - set(stored)) <= dropped
        if not self.reverted:
            assert not [value for value, times in stored.items() if times > 1]
            # A tick that found no room was never collected; killed before it was declared, it is an absence.
            refused = len(self.rig.looked) - len(self.collected)
            assert dropped <= len(self.collected - set(stored)) + refused
        assert self.server.missing(GapReason.SPOOL_DAMAGED) == 0


Delivery.TestCase.settings = settings(stateful_step_count=25, suppress_health_check=list(HealthCheck))
test_nothing_is_lost_or_doubled = Delivery.TestCase
