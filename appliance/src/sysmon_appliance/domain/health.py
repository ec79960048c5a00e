"""What the live database says of itself, for whoever decides whether this aggregator is fit to serve."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StorageState:
    writable: bool
    detail: str  # one sentence: why it is not writable; empty when it is
    last_commit_ms: int | None  # the aggregator's clock; None before the first
    waiting: int  # changes that wait for the next commit
    database_bytes: int
    free_bytes: int  # on the database's filesystem


class StorageHealth(Protocol):
    def state(self) -> StorageState:
        """Look at the database and its filesystem; may block for a moment, so call it in a thread."""
