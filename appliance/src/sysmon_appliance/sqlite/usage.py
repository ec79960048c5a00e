"""How much the head holds, for sealing."""

from sysmon_appliance.domain.usage import HeadFacts
from sysmon_appliance.sqlite.readers import Readers

_BYTES = """
SELECT (pages.page_count - free.freelist_count) * size.page_size
FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size
"""
_ENDS = "SELECT (SELECT min(id) FROM batches), (SELECT max(id) FROM batches)"
_OLDEST = "SELECT id, received_ms FROM batches WHERE id > :sealed_up_to ORDER BY id LIMIT 1"
# Each row with the bytes of those before it; SQLite reads no body to tell how long it is.
_SEALED = """
SELECT max(id) FROM (
    SELECT id, sum(length(body)) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM (SELECT id, body FROM bodies WHERE id <= :up_to ORDER BY id LIMIT :most)
) WHERE coalesce(before, 0) < :most_bytes
"""


class Usage:
    """The HeadUsage over the live database."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def used_bytes(self) -> int:
        with self._readers.connection() as connection:
            return int(connection.execute(_BYTES).get)

    def facts(self, sealed_up_to: int) -> HeadFacts:
        with self._readers.connection() as connection:
            row: tuple[int, int] | None = connection.execute(_OLDEST, {"sealed_up_to": sealed_up_to}).get
            if row is None:
                return HeadFacts(sealed_up_to)
            first, newest = connection.execute(_ENDS).get
            used = int(connection.execute(_BYTES).get)
        oldest, received_ms = row
        share = (newest - oldest + 1) / (newest - min(first, oldest) + 1)  # a batch may have come in between
        return HeadFacts(sealed_up_to, oldest, newest, received_ms, bytes=int(used * share))

    def sealed_rows(self, up_to: int, *, most: int, most_bytes: int) -> int | None:
        limits = {"up_to": up_to, "most": most, "most_bytes": most_bytes}
        with self._readers.connection() as connection:
            found: int | None = connection.execute(_SEALED, limits).get
            return found
