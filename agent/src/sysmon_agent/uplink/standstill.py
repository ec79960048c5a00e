"""Whether what an aggregator has stored becomes durable in time."""

ASK_SHARE = 0.4
"""After this share of the time that nothing may become durable, hello asks: with long intervals there is no reply that
would tell. It lies above a third so that at the default interval the next batch comes first."""

LONGEST_PATIENCE_SECONDS = 300.0


class Standstill:
    """Watches one number, `durable`.

    An aggregator at which it stands still is left for the others. Where they cannot help, its turn comes again, and it
    gets twice as long, so that agents of a region whose replica is gone do not run to and fro.
    """

    def __init__(self, stall_seconds: float) -> None:
        self._stall = stall_seconds
        self._since = 0.0  # when it moved last, or there was nothing to wait for
        self._heard = 0.0  # when the aggregator replied last
        self._left = 0  # how often aggregators were left since it moved
        self.durable = 0

    @property
    def ask_at(self) -> float:
        return self._heard + ASK_SHARE * self._stall

    @property
    def leave_at(self) -> float:
        longest = max(self._stall, LONGEST_PATIENCE_SECONDS)
        return self._since + min(self._stall * 2.0 ** min(self._left, 30), longest)

    def start(self, now: float) -> None:
        """Give an aggregator its time."""
        self._since = self._heard = now

    def wait_for(self, last: int, now: float) -> None:
        """Begin to wait where up to now everything was durable."""
        if last <= self.durable:
            self._since = now

    def note(self, durable: int, last: int, now: float) -> None:
        """Take note of a reply."""
        if durable > self.durable:
            self._left = 0
        if durable != self.durable or durable >= last:
            self._since = now
        self.durable = durable
        self._heard = now

    def leave(self) -> None:
        """Take note that an aggregator is left for this reason."""
        self._left += 1
