"""The live database as a whole: opened, checked, migrated, and handed out in parts."""

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.state import State
from sysmon_appliance.sqlite.audit import AuditLog
from sysmon_appliance.sqlite.connection import explained, open_writer
from sysmon_appliance.sqlite.contents import Contents
from sysmon_appliance.sqlite.head import Head
from sysmon_appliance.sqlite.index import HeadIndex
from sysmon_appliance.sqlite.load import load
from sysmon_appliance.sqlite.lock import FolderLock
from sysmon_appliance.sqlite.manifest import Manifest
from sysmon_appliance.sqlite.migrate import migrate, migrations
from sysmon_appliance.sqlite.readers import ReaderPool
from sysmon_appliance.sqlite.usage import Usage
from sysmon_appliance.sqlite.writer import Writer

FILE_NAME = "live.sqlite"


class LiveDatabase:
    """The live database of this aggregator, held from `open` to `close`.

    `state` is what it knew at opening; `writer` is the ChangeStore, `head` the HeadReader,
    `usage` the HeadUsage, `contents` the HeadMeter, `audit` the AuditReader, `manifest` the ManifestReader.
    """

    def __init__(
        self,
        state: State,
        *,
        writer: Writer,
        head: Head,
        usage: Usage,
        contents: Contents,
        audit: AuditLog,
        manifest: Manifest,
        closing: ExitStack,
    ) -> None:
        self.state = state
        self.writer = writer
        self.head = head
        self.usage = usage
        self.contents = contents
        self.audit = audit
        self.manifest = manifest
        self._closing = closing

    @classmethod
    def open(
        cls, folder: Path, clock: Clock, *, epoch: int = 0, replicated: bool = False, cluster_id: str = ""
    ) -> Self:
        """Open the database in `folder`, or begin one there.

        Parameters
        ----------
        epoch
            The epoch that this opening begins; 0 for the next one.
        replicated
            Whether Litestream moves the WAL, which then nobody else may.
        cluster_id
            Names the cluster if the database is new; empty for a new cluster.

        Raises
        ------
        StorageError
            It cannot be used; the message says why and what to do.
        """
        path = folder / FILE_NAME
        with ExitStack() as closing, explained(path):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            closing.callback(FolderLock.take(folder).release)
            connection = open_writer(path)
            closing.callback(connection.close)
            migrate(connection, migrations(), now_ms=clock.wall_ms())
            index = HeadIndex()
            state = load(connection, index, new_cluster_id=cluster_id or secrets.token_hex(16), epoch=epoch)
            writer = partial(Writer, connection, index, replicated=replicated)
            database = cls._started(state, writer, index, path, opening=closing)
        return database  # noqa: RET504 - mypy takes an ExitStack for one that may swallow errors

    @classmethod
    def _started(
        cls, state: State, make_writer: Callable[..., Writer], index: HeadIndex, path: Path, *, opening: ExitStack
    ) -> Self:
        """Start the writer, and take over what closes it all."""
        schemas = {schema.key: schema for schema in state.schemas}
        pool = ReaderPool(path)
        closing = opening.pop_all()
        closing.callback(pool.close)
        manifest = Manifest(state.segments)
        writer = make_writer(schemas=schemas, manifest=manifest)
        closing.callback(writer.close)
        writer.start()
        head = Head(pool, index, schemas)
        usage, audit = Usage(pool), AuditLog(pool)
        return cls(
            state,
            writer=writer,
            head=head,
            usage=usage,
            contents=Contents(path, usage, index),
            audit=audit,
            manifest=manifest,
            closing=closing,
        )

    @property
    def path(self) -> Path:
        return self.contents.path

    def close(self) -> None:
        """Finish what was begun, and let go of the folder."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
