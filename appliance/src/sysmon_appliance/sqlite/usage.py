"""How much the head holds, for retention."""

from sysmon_appliance.sqlite.head import ReaderPool

_BYTES = """
SELECT (pages.page_count - free.freelist_count) * size.page_size
FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size
"""
# Arrival is in order of row numbers, times need not be: the clock may have been wrong for a while. So the first row
# that is young enough protects all after it, and a time in the future says nothing.
_OUTDATED = """
WITH oldest AS (SELECT id, received_ms FROM batches ORDER BY id LIMIT :most)
SELECT max(id) FROM oldest
WHERE received_ms < :before_ms
AND id < (SELECT coalesce(min(id), 9e18) FROM oldest WHERE received_ms BETWEEN :before_ms AND :now_ms)
"""
_OLDEST = "SELECT max(id) FROM (SELECT id FROM batches ORDER BY id LIMIT :most)"


class Usage:
    """The HeadUsage over the live database."""

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool

    def used_bytes(self) -> int:
        with self._pool.connection() as connection:
            return int(connection.execute(_BYTES).get)

    def outdated(self, *, before_ms: int, now_ms: int, most: int) -> int | None:
        bounds = {"before_ms": before_ms, "now_ms": now_ms, "most": most}
        with self._pool.connection() as connection:
            found: int | None = connection.execute(_OUTDATED, bounds).get
            return found

    def oldest(self, *, most: int) -> int | None:
        with self._pool.connection() as connection:
            found: int | None = connection.execute(_OLDEST, {"most": most}).get
            return found
