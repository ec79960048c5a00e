"""How much the head holds."""

from typing import Protocol


class HeadUsage(Protocol):
    """Answers what retention asks; reads the disk, so it is for worker threads."""

    def used_bytes(self) -> int:
        """Bytes of the live database that hold something."""

    def outdated(self, *, before_ms: int, now_ms: int, most: int) -> int | None:
        """Row number up to which batches came before a time, looking at the `most` oldest; None if none did.

        A batch that seems to come from the future, as while the clock was ahead, is as old as its neighbours.
        """

    def oldest(self, *, most: int) -> int | None:
        """Row number of the newest of the `most` oldest batches; None when the head is empty."""
