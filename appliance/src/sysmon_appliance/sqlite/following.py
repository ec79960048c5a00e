"""The live database as a standby has it: a copy that changes beneath it, and that it never changes itself."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import apsw

from sysmon_agent.errors import MalformedMessage
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.following import FollowedStreams, News, broken
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.series import Use
from sysmon_appliance.domain.state import State
from sysmon_appliance.sqlite.audit import AuditLog
from sysmon_appliance.sqlite.contents import Contents
from sysmon_appliance.sqlite.copies import CopyReaders
from sysmon_appliance.sqlite.head import Head
from sysmon_appliance.sqlite.head_rows import HeadRow, oldest_row, read_gaps, read_rows, sealed_streams, verified
from sysmon_appliance.sqlite.index import HeadIndex
from sysmon_appliance.sqlite.load import load_meta, load_schemas, load_state, load_streams
from sysmon_appliance.sqlite.manifest import Manifest
from sysmon_appliance.sqlite.migrate import check_release, migrations
from sysmon_appliance.sqlite.segments import load_sealed_up_to
from sysmon_appliance.sqlite.series import load_kept_uses, load_uses
from sysmon_appliance.sqlite.usage import Usage

_NOTHING = State(cluster_id="", epoch=0, hosts=(), schemas=(), streams=(), next_batch=1)


@dataclass(frozen=True, slots=True)
class _Found:
    """What one transaction has read; of rows and state nothing is taken in yet."""

    cluster_id: str
    epoch: int
    mark: int
    version: int
    rows: Sequence[HeadRow]
    more: bool
    state: State | None


class FollowedDatabase:
    """A copy of the live database, followed from `open` on; the NewsReader over it.

    `state` is what was known when more than the head had changed last; `head` is the HeadReader, `usage` the HeadUsage,
    `contents` the HeadMeter, `audit` the AuditReader, `manifest` the ManifestReader: these are for any thread, and know
    what the newest News has told.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = _NOTHING
        self._readers = CopyReaders(path)
        self._streams = FollowedStreams()
        self._schemas: dict[int, KnownSchema] = {}
        self._index = HeadIndex()
        self._after = 0  # the newest row that was read
        self._last = News("", epoch=0, mark=0, version=-1)
        self.manifest = Manifest(())
        self.head = Head(self._readers, self._index, self._schemas)
        self.usage = Usage(self._readers)
        self.contents = Contents(path, self.usage, self._index)
        self.audit = AuditLog(self._readers)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read and verify all that a copy holds; blocks for seconds where that is much.

        Raises
        ------
        StorageError
            It cannot be read now, or not by this release.
        ReplicaBrokenError
            What it holds cannot be what a leader wrote.
        """
        database = cls(path)
        with _faults():
            uses = database._begin()
        more = True
        while more:
            news = database.news()
            _widen(uses, news.batches)
            more = news.more
        database.state = replace(database._complete(database.state), uses=list(uses.values()))
        return database

    def news(self) -> News:
        with _faults():
            with self._readers.connection() as connection:
                found = self._fetch(connection)
            return self._take(found)

    def _begin(self) -> dict[tuple[int, int], Use]:
        """Begin behind what is in segments; return which host has used which schema."""
        with self._readers.connection() as connection:
            check_release(connection, migrations())
            self._after = load_sealed_up_to(connection)
            self._streams.learn(sealed_streams(connection, self._after))
            return {(use.host, use.schema): use for use in load_uses(connection)}

    def _fetch(self, connection: apsw.Connection) -> _Found:
        meta = load_meta(connection)
        version = int(meta["version"])
        has_changed = version != self._last.version
        oldest = oldest_row(connection)
        if has_changed or oldest is None or oldest > self._after:
            self._streams.learn(load_streams(connection).values())
        state = self._reload(connection) if has_changed else None
        rows, more = read_rows(connection, self._after)
        return _Found(meta["cluster"], int(meta["epoch"]), int(meta["mark"]), version, rows, more, state)

    def _reload(self, connection: apsw.Connection) -> State:
        """Read what is not in the head, but for what is known for good."""
        self._learn(load_schemas(connection, known=self._schemas))
        self._streams.expect(read_gaps(connection, self._streams.ends))
        return load_state(connection, (), schemas=(), uses=load_kept_uses(connection), next_batch=0)

    def _learn(self, schemas: Iterable[KnownSchema]) -> None:
        self._schemas.update((schema.key, schema) for schema in schemas)

    def _take(self, found: _Found) -> News:
        self._check(found)
        batches = [self._batch(row) for row in found.rows]
        if not found.more:
            self._streams.finish()
        mark = self._last.mark if found.more else found.mark
        if found.state is not None:
            self._show(replace(found.state, mark=mark))
        self._last = News(
            found.cluster_id,
            found.epoch,
            mark,
            found.version,
            batches,
            self._streams.take_moved(),
            self.state if found.state is not None else None,
            found.more,
        )
        return self._last

    def _check(self, found: _Found) -> None:
        last = self._last
        if last.cluster_id not in {"", found.cluster_id}:
            raise broken(f"It was of cluster {last.cluster_id}, and is of {found.cluster_id}.")
        if (found.epoch, found.version) < (last.epoch, last.version) or found.mark < last.mark:
            raise broken(f"It has gone back from mark {last.mark} to {found.mark}.")

    def _batch(self, row: HeadRow) -> StoredBatch:
        """Take in a row."""
        if row.id <= self._after:
            raise broken(f"Row {row.id} comes after row {self._after}.")
        stream = self._streams.advance(row.stream, first=row.first, count=row.count, wall_ms=row.last_ms)
        batch = verified(row, stream, self._schemas[row.schema])
        if row.id > self.state.sealed_up_to:
            self._index.add(batch.host, row.id, row.start_ms, row.end_ms)
        self._after = row.id
        return batch

    def _show(self, state: State) -> None:
        """Let readers see what has changed; in this order, for they ask the head before the manifest."""
        self.state = self._complete(state)
        self.manifest.reload(state.segments)
        self._index.drop(state.sealed_up_to)

    def _complete(self, state: State) -> State:
        return replace(
            state,
            streams=self._streams.all(),
            schemas=[self._schemas[key] for key in sorted(self._schemas)],
            next_batch=self._after + 1,
        )


@contextmanager
def _faults() -> Iterator[None]:
    """Take what damaged bytes lead to for what it is: nothing that a leader writes fails to be read."""
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError, MalformedMessage) as error:
        raise broken(f"{type(error).__name__}: {error}.") from error


def _widen(uses: dict[tuple[int, int], Use], batches: Sequence[StoredBatch]) -> None:
    for batch in batches:
        first_ms, last_ms = int(batch.wall_ms[0]), int(batch.wall_ms[-1])
        key = (batch.host, batch.schema.key)
        uses.setdefault(key, Use(*key, first_ms, last_ms)).widen(first_ms, last_ms)
