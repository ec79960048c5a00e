"""What a database holds of what was promised: nothing less, and nothing twice."""

import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import apsw

from sysmon_agent.errors import MalformedMessage
from sysmon_agent.wire.decode import decode_batch
from sysmon_agent.wire.messages import NO_LIMITS
from sysmon_appliance.sqlite.connection import open_reader

_ROWS = """
SELECT hosts.host_id, streams.stream_id, batches.id, batches.first, batches.count, bodies.body
FROM batches
JOIN streams ON streams.id = batches.stream
JOIN hosts ON hosts.id = streams.host
LEFT JOIN bodies ON bodies.id = batches.id
"""

Promises = Mapping[str, AbstractSet[int]]
"""By host, the serials of ticks that were promised to last."""

Held = Mapping[str, Counter[int]]
"""By host and serial, how often each tick is there."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a database; all is well when everything is 0 and empty."""

    lost: int = 0  # ticks that were promised and are not there
    doubled: int = 0  # ticks that are there more than once
    corrupt: tuple[str, ...] = ()  # what SQLite, or a row, says of damage

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.corrupt)


def judge(database: Path, promises: Promises) -> Verdict:
    """Hold a database, as it stands at one moment, against promises that were made before that moment."""
    try:
        held, faults = read(database)
    except apsw.Error as error:
        return Verdict(corrupt=(f"{type(error).__name__}: {error}",))
    return compare(held, promises, corrupt=faults)


def read(database: Path) -> tuple[Held, tuple[str, ...]]:
    """Count the ticks in a database, and list its faults, all as of one moment; raises an apsw.Error."""
    connection = open_reader(database)
    try:
        with connection:
            damage = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            held, faults = account(connection.execute(_ROWS))
    finally:
        connection.close()
    return held, (*damage, *faults)


def compare(held: Held, promises: Promises, *, corrupt: tuple[str, ...] = ()) -> Verdict:
    """Count what is missing, and what is there too often."""
    nothing = Counter[int]()
    lost = sum(len(serials - held.get(host, nothing).keys()) for host, serials in promises.items())
    doubled = sum(count > 1 for serials in held.values() for count in serials.values())
    return Verdict(lost, doubled, corrupt)


def account(rows: Iterable[tuple[str, bytes, int, int, int, bytes | None]]) -> tuple[Held, list[str]]:
    """Count the ticks in rows of the head, and list the rows that do not hold what they say."""
    held: defaultdict[str, Counter[int]] = defaultdict(Counter)
    faults = []
    for host, stream_id, row, first, count, body in rows:
        found = _contents(body or b"")
        if found is None or found[:2] != (stream_id, first) or len(found[2]) != count:
            faults.append(f"Row {row} does not hold what it says.")
        else:
            held[host].update(found[2])
    return held, faults


@cache
def _contents(body: bytes) -> tuple[bytes, int, tuple[int, ...]] | None:
    """Decode a body into stream, first number and serials; remembered, as the same rows are read after each round."""
    try:
        batch = decode_batch(body, NO_LIMITS)
    except MalformedMessage:
        return None
    values = struct.unpack(f"<{batch.count}d", batch.columns)
    return batch.stream_id, batch.first, tuple(map(int, values))
