"""How much the head holds, for retention."""

from sysmon_appliance.sqlite.head import ReaderPool

_BYTES = """
SELECT (pages.page_count - free.freelist_count) * size.page_size
FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size
"""
# Arrival is in order of row numbers; so the newest of the oldest rows that is too old has all too old ones before it.
_OUTDATED = """
SELECT max(id) FROM (SELECT id, received_ms FROM batches ORDER BY id LIMIT :most) WHERE received_ms < :before_ms
"""
_OLDEST = "SELECT max(id) FROM (SELECT id FROM batches ORDER BY id LIMIT :most)"


class Usage:
    """The HeadUsage over the live database."""

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool

    def used_bytes(self) -> int:
        with self._pool.connection() as connection:
            return int(connection.execute(_BYTES).get)

    def outdated(self, *, before_ms: int, most: int) -> int | None:
        with self._pool.connection() as connection:
            found: int | None = connection.execute(_OUTDATED, {"before_ms": before_ms, "most": most}).get
            return found

    def oldest(self, *, most: int) -> int | None:
        with self._pool.connection() as connection:
            found: int | None = connection.execute(_OLDEST, {"most": most}).get
            return found
