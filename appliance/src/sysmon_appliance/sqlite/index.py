"""Which rows of the head hold which time of which host."""

from array import array

import numpy as np
import numpy.typing as npt

_FIELDS = 3  # row number, start, end


class HeadIndex:
    """The head's rows per host, in memory: 24 bytes per batch, in order of arrival.

    One thread writes, any thread reads, and there is no lock: a host's rows lie in one array, and each of the
    operations below is one step of the interpreter on it.
    """

    def __init__(self) -> None:
        self._rows: dict[int, array[int]] = {}

    def add(self, host: int, number: int, start_ms: int, end_ms: int) -> None:
        """Note a row, with the corrected times of its earliest and latest tick."""
        self._rows.setdefault(host, array("q")).extend((number, start_ms, end_ms))

    def drop(self, up_to: int) -> None:
        """Forget rows with numbers up to `up_to`."""
        for rows in self._rows.values():
            gone = int(np.searchsorted(_table(rows)[:, 0], up_to, side="right"))
            del rows[: gone * _FIELDS]

    def find(self, host: int, from_ms: int, to_ms: int) -> list[int]:
        """List a host's rows that overlap the time, both ends included, in order of their earliest tick."""
        table = _table(self._rows.get(host, array("q")))
        found = table[(table[:, 1] <= to_ms) & (table[:, 2] >= from_ms)]
        numbers: list[int] = found[np.argsort(found[:, 1], kind="stable"), 0].tolist()
        return numbers

    def newest_ms(self, host: int) -> int | None:
        """Return the corrected time of a host's newest tick, or None."""
        table = _table(self._rows.get(host, array("q")))
        return int(table[:, 2].max()) if len(table) else None

    def extent(self) -> tuple[int, int | None, int | None]:
        """Return how many rows there are, and the corrected times of the earliest and the latest tick in them."""
        tables = [table for rows in list(self._rows.values()) if len(table := _table(rows))]
        if not tables:
            return 0, None, None
        starts, ends = zip(*((table[:, 1].min(), table[:, 2].max()) for table in tables), strict=True)
        return sum(map(len, tables)), int(min(starts)), int(max(ends))


def _table(rows: "array[int]") -> npt.NDArray[np.int64]:
    # A copy, because an array that NumPy looks into cannot grow.
    return np.frombuffer(rows[:], dtype=np.int64).reshape(-1, _FIELDS)
