"""The loss ledger: what became of every number of every stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sysmon_agent.wire.messages import GapReason


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One stream's account; `last == stored + sum(missing.values())` always holds."""

    host: int  # Host.key
    stream_id: str  # 32 hexadecimal digits
    last: int
    stored: int
    missing: dict[GapReason, int]


class LedgerReader(Protocol):
    """The ledger of all streams, in memory; reads never touch disk."""

    def entries(self) -> Sequence[LedgerEntry]:
        """List every stream's account, oldest stream first."""
