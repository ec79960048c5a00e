"""How much the head holds."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """What of the head is in no segment yet."""

    sealed_up_to: int  # row number of the newest batch that is in a segment
    oldest: int = 0  # row number of the oldest batch that is in none; 0 where there is none
    newest: int = 0
    oldest_received_ms: int = 0  # the aggregator's clock
    bytes: int = 0  # of the live database that are theirs, by their share of rows

    @property
    def rows(self) -> int:
        """How many row numbers they have; some may be unused."""
        return self.newest - self.oldest + 1 if self.oldest else 0


class HeadUsage(Protocol):
    """Answers what sealing asks; reads the disk, so it is for worker threads."""

    def used_bytes(self) -> int:
        """Bytes of the live database that hold something."""

    def facts(self, sealed_up_to: int) -> HeadFacts:
        """Say what lies beyond the batches that are sealed."""

    def sealed_rows(self, up_to: int, *, most: int, most_bytes: int) -> int | None:
        """Row number up to which the oldest batches make one step of removal; None when all sealed ones are gone.

        These are no more than `most`, and but for the last one they have fewer than `most_bytes`.
        """
