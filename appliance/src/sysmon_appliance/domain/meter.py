"""Counts what was stored since start, and how fast it arrives."""

from collections import deque
from collections.abc import Sequence

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.batches import StoredBatch

WINDOW_SECONDS = 30.0


class Meter:
    """Totals since start: batches, ticks and samples."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Time and samples so far, about once a second; many more than the window needs are never kept.
        self._marks: deque[tuple[float, int]] = deque([(clock.monotonic(), 0)], maxlen=64)
        self.batches = 0
        self.ticks = 0
        self.samples = 0

    def update(self, batches: Sequence[StoredBatch]) -> None:
        """Count committed batches; a CommitListener."""
        now = self._clock.monotonic()
        if now - self._marks[-1][0] >= 1.0:
            self._marks.append((now, self.samples))
        self.batches += len(batches)
        self.ticks += sum(len(batch.wall_ms) for batch in batches)
        self.samples += sum(batch.values.size for batch in batches)

    def samples_per_second(self) -> float:
        """Return the rate over the last half minute, or since start when that is less."""
        now = self._clock.monotonic()
        while len(self._marks) > 1 and now - self._marks[1][0] >= WINDOW_SECONDS:
            self._marks.popleft()
        began, before = self._marks[0]
        return (self.samples - before) / max(now - began, 1.0)
