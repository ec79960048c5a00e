"""Reading what is to be sealed: who has which batches first, then one host's bodies after the other.

Statements are short, and none is open while something is decoded: a reader that stays would keep the aggregator's
writer from checkpointing its WAL.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import numpy.typing as npt

from sysmon_agent.wire.decode import decode_schema
from sysmon_agent.wire.messages import NO_LIMITS, Gap, GapReason
from sysmon_appliance.domain.jobs import SealJob
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.segments.files import HostEntry

_SCHEMAS = "SELECT id, hash, body FROM schemas WHERE id IN (SELECT value FROM json_each(:ids))"
_STREAMS = "SELECT id, host, base_last, base_last_ms FROM streams"
_HOSTS = "SELECT id, host_id, name, interval_ms FROM hosts"
# Where each stream was before; in an aggregate with max(), SQLite takes bare columns from the row that has it.
_BEFORE = """
SELECT stream, max(id), first + count - 1, last_ms + offset_ms FROM batches WHERE id <= :after GROUP BY stream
"""
_BATCHES = """
SELECT id, stream, schema, first, count, start_ms, end_ms, last_ms + offset_ms, offset_ms
FROM batches WHERE id > :after AND id <= :up_to ORDER BY id LIMIT :most
"""
_BODIES = "SELECT body FROM json_each(:ids) AS chosen JOIN bodies ON bodies.id = chosen.value"
_GAPS = (
    "SELECT first, last, reason FROM gaps WHERE stream = :stream AND first > :after AND last < :before ORDER BY first"
)

_BATCHES_AT_ONCE = 10_000
_BODIES_AT_ONCE = 500

Rows = npt.NDArray[np.int64]
"""Batches of one host in order of arrival, a row each: int64 [batches, 9], by the columns below."""

NUMBER, STREAM, SCHEMA, FIRST, COUNT, START_MS, END_MS, LAST_MS, OFFSET_MS = range(9)


@dataclass(frozen=True, slots=True)
class HeadHost:
    """A host in the live database."""

    entry: HostEntry
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest tick of a stream before what is to be sealed."""

    number: int
    at_ms: int  # 0 where it is not known


class SealedHead:
    """The batches of a seal; bodies are read when they are asked for."""

    def __init__(self, path: Path, job: SealJob) -> None:
        self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        self._connection.set_busy_timeout(5000)
        self._connection.pragma("query_only", 1)
        # In this order: what leaves the head in between is found in both places rather than in none.
        before = {key: Tail(last, last_ms) for key, _, last, last_ms in self._all(_BEFORE, after=job.after)}
        streams = self._all(_STREAMS)
        self.hosts = {row[0]: HeadHost(HostEntry(*row[:3]), row[3]) for row in self._all(_HOSTS)}
        self.rows = self._read_rows(job)
        self.tails = self._gone(streams) | before
        self._host_of = {key: host for key, host, _, _ in streams}
        self.schemas = self._read_schemas()

    def close(self) -> None:
        self._connection.close()

    def by_host(self) -> Iterator[tuple[HeadHost, Rows]]:
        """Yield each host's batches, in order of hosts."""
        streams, places = np.unique(self.rows[:, STREAM], return_inverse=True)
        hosts = np.array([self._host_of[stream] for stream in streams.tolist()], np.int64)[places]
        order = np.argsort(hosts, kind="stable")
        keys, starts = np.unique(hosts[order], return_index=True)
        for key, of_host in zip(keys.tolist(), np.split(self.rows[order], starts[1:]), strict=False):
            yield self.hosts[key], of_host

    def bodies(self, rows: Rows) -> Iterator[bytes]:
        """Yield the bodies of batches, in their order."""
        numbers: list[int] = rows[:, NUMBER].tolist()
        for start in range(0, len(numbers), _BODIES_AT_ONCE):
            chosen = json.dumps(numbers[start : start + _BODIES_AT_ONCE])
            for (body,) in self._all(_BODIES, ids=chosen):
                yield body

    def gaps(self, stream: int, after: int, before: int) -> Sequence[Gap]:
        """List the gaps that a stream declares between two numbers, both excluded."""
        found = self._all(_GAPS, stream=stream, after=after, before=before)
        return [Gap(first, last, GapReason.of(reason)) for first, last, reason in found]

    def _all(self, statement: str, **bindings: int | str) -> list[Any]:
        """Read all that a statement gives, and leave it open no longer."""
        return self._connection.execute(statement, bindings).fetchall()

    def _gone(self, streams: Iterable[tuple[int, int, int, int]]) -> dict[int, Tail]:
        """Return the newest ticks that left the head, their times corrected like those of the stream's next batch."""
        keys, first = np.unique(self.rows[:, STREAM], return_index=True)
        offsets = dict(zip(keys.tolist(), self.rows[first, OFFSET_MS].tolist(), strict=True))
        return {key: Tail(last, last_ms and last_ms + offsets.get(key, 0)) for key, _, last, last_ms in streams}

    def _read_rows(self, job: SealJob) -> Rows:
        parts = [np.empty((0, 9), np.int64)]
        after = job.after
        while True:
            found = self._all(_BATCHES, after=after, up_to=job.up_to, most=_BATCHES_AT_ONCE)
            if not found:
                return np.concatenate(parts)
            parts.append(np.array(found, np.int64))
            after = found[-1][NUMBER]

    def _read_schemas(self) -> Mapping[int, KnownSchema]:
        ids = json.dumps(np.unique(self.rows[:, SCHEMA]).tolist())
        found = self._all(_SCHEMAS, ids=ids)
        return {key: KnownSchema(key, digest, decode_schema(body, NO_LIMITS)) for key, digest, body in found}
