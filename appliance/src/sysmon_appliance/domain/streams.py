"""A host's sequence of ticks, and the one rule that keeps it whole.

A stream numbers its ticks 1, 2, 3 … A number is either stored, or declared missing with a reason; so for every
stream, always, `last == stored + sum(missing)`. That equation is the loss ledger.

Batches are committed in groups, and the next ones are judged before the group is. A stream therefore has two ends:
`last` is what is committed, `tentative` is what will be when all that was accepted is. A group that fails takes
everything with it that was accepted after it, and `tentative` falls back to `last`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from sysmon_agent.wire.messages import Gap, GapReason


class Verdict(Enum):
    """What becomes of a batch."""

    ACCEPT = "accept"  # it continues the stream
    AGAIN = "again"  # all of it is there already: acknowledged once more, not stored
    CONFLICT = "conflict"  # it overlaps in part, or leaves numbers out


def admit(*, last: int, first: int, to: int) -> Verdict:
    """Judge a batch that accounts for the numbers first..to, where the stream has those up to `last`."""
    if first == last + 1 and to > last:
        return Verdict.ACCEPT
    return Verdict.AGAIN if to <= last else Verdict.CONFLICT


@dataclass(slots=True)
class Stream:
    """The state of one stream, kept in memory and rebuilt from the live database at start."""

    key: int  # row number in the live database
    host: int  # Host.key
    stream_id: bytes
    last: int = 0
    stored: int = 0
    missing: dict[GapReason, int] = field(default_factory=dict)
    last_wall_ms: int = 0  # what the host's clock showed at tick `last`; 0 when that number is a gap
    tentative: int = 0
    durable: int = 0  # what survives the loss of this machine; never more than `last`

    @property
    def settled(self) -> bool:
        """Whether nothing that was accepted still waits for its commit."""
        return self.tentative == self.last

    @property
    def balanced(self) -> bool:
        """Whether the ledger's equation holds."""
        return self.last == self.stored + sum(self.missing.values())

    def commit(self, *, last: int, count: int, skipped: Sequence[Gap], wall_ms: int) -> None:
        """Advance over a batch that is committed."""
        self.last = last
        self.stored += count
        self.last_wall_ms = wall_ms
        for gap in skipped:
            self.missing[gap.reason] = self.missing.get(gap.reason, 0) + gap.count

    def roll_back(self) -> None:
        """Forget what was accepted and could not be committed."""
        self.tentative = self.last
