"""How far the stream has come, and how the next batch is cut."""

from sysmon_agent.uplink.signals import Refused, SendBatch, SetAside


class Cursor:
    """Two numbers: the first that the aggregator has not stored, and the last that there is."""

    def __init__(self, samples: int) -> None:
        self.next = 1
        self.last = 0
        self._samples = samples  # of a batch; less where an aggregator takes less
        self._careful_until = 0  # up to this number ticks are sent one by one, to find the one that is refused

    @property
    def at_end(self) -> bool:
        """Whether everything is stored."""
        return self.next > self.last

    def batch(self, *, with_schema: bool = False) -> SendBatch:
        samples = 1 if self.next <= self._careful_until else self._samples
        return SendBatch(self.next, samples, with_schema)

    def trust(self) -> None:
        """Forget what was refused: numbers begin anew."""
        self._careful_until = 0

    def narrow(self, refused: Refused) -> SetAside | None:
        """Look closer for the tick that is refused for good; return that one alone: its neighbours are innocent."""
        if refused.status == 413 and refused.last > refused.first:
            self._samples = max(self._samples // 2, 1)
            return None
        if refused.last > refused.first and self.next > self._careful_until:
            self._careful_until = refused.last
            return None
        return SetAside(refused.first, refused.last)
