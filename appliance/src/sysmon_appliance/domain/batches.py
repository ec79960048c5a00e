"""Batches after they were decoded: what ingest hands to readers, and what the head gives back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sysmon_agent.wire.messages import Batch, Gap, TableRows
from sysmon_appliance.domain.schemas import KnownSchema

_FLOATS = np.dtype("<f8")


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch that is committed.

    `wall_ms` is int64 [ticks], already corrected for a host clock that is more than 2 s off; `values` is float64
    [series, ticks] in schema order; a missing value is NaN.
    """

    host: int  # Host.key
    schema: KnownSchema
    wall_ms: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    skipped: tuple[Gap, ...]
    tables: tuple[TableRows, ...]  # in the order of the schema's tables
    received_ms: int  # the aggregator's clock


def stored_batch(batch: Batch, *, host: int, schema: KnownSchema, offset_ms: int, received_ms: int) -> StoredBatch:
    """Make arrays of a decoded batch; `offset_ms` corrects its times. Values are not copied."""
    wall_ms = np.array(batch.wall_ms, np.int64)
    return StoredBatch(
        host=host,
        schema=schema,
        wall_ms=wall_ms + offset_ms if offset_ms else wall_ms,
        values=np.frombuffer(batch.columns, _FLOATS).reshape(-1, batch.count),
        skipped=batch.skipped,
        tables=batch.tables,
        received_ms=received_ms,
    )


CommitListener = Callable[[Sequence[StoredBatch]], None]
"""Called on the event loop after each group commit, in order of commit; must be quick."""


class HeadReader(Protocol):
    """Reads recent history; safe in any thread, and never blocks writing."""

    def batches(self, host: int, from_ms: int, to_ms: int, *, tables: bool = False) -> Iterator[StoredBatch]:
        """Yield the batches with a tick in from_ms..to_ms, both included, in order of their first tick.

        Which they are is settled when this is called, before anything is read. Tables are decoded only when asked for.
        """

    def newest_ms(self, host: int) -> int | None:
        """Return the time of a host's newest tick, or None when it has none; answered from memory."""
