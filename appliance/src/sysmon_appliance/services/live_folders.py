"""The folders of live databases: one for each epoch, used once; what is found at a start is set aside.

    live/cluster                       the cluster's id, once this node belongs to one
    live/live.sqlite                   the database of a single aggregator
    live/epoch-00000007-<random>/      what this node leads with
    live/following-<random>/           a copy that follows the replica
    live/set-aside/epoch-…/            what is never used again, and the newest of it kept until a drill has passed

Nothing here is ever replicated or led with again; see docs/explanation/high-availability.md.
"""

import logging
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from sysmon_appliance.errors import StorageError
from sysmon_appliance.files import replace_file, sync_folder

_log = logging.getLogger(__name__)

SINGLE_NAME = "live.sqlite"

_LITESTREAM = "-litestream"  # how its folders beside a database end


class LiveFolders:
    """Everything below the folder of `data`; calls block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._aside = folder / "set-aside"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._aside.mkdir(mode=0o700, exist_ok=True)  # now, for a disk may be full when it is needed

    @property
    def cluster_id(self) -> str:
        """The cluster that this node belongs to; empty where it belongs to none yet."""
        try:
            return (self.folder / "cluster").read_text("ascii").strip()
        except FileNotFoundError:
            return ""

    def belong_to(self, cluster_id: str) -> None:
        """Note, for good, which cluster this node belongs to.

        Raises
        ------
        StorageError
            The disk does not take it.
        """
        try:
            if self.cluster_id != cluster_id:
                replace_file(self.folder / "cluster", f"{cluster_id}\n".encode("ascii"))
        except OSError as error:
            raise StorageError(
                f"It cannot be noted in {self.folder} which cluster this aggregator belongs to: "
                f"{error.strerror or error}.",
                hint=f"df -h {self.folder}",
            ) from error

    def new(self, path: str) -> Path:
        """Make the folder of an epoch's database, which must not be there yet."""
        folder = self.folder / path
        folder.mkdir(mode=0o700)
        return folder

    def new_copy(self) -> Path:
        """Make the folder of a copy that follows."""
        folder = self.folder / f"following-{secrets.token_hex(4)}"
        folder.mkdir(mode=0o700)
        return folder

    def discard(self, folder: Path) -> None:
        """Delete a folder that nothing was ever stored in."""
        shutil.rmtree(folder, ignore_errors=True)

    def databases(self) -> Sequence[str]:
        """List the databases that are here, those set aside too."""
        return [str(path) for path in sorted(self.folder.glob(f"**/{SINGLE_NAME}")) if "following-" not in str(path)]

    @property
    def adoptable(self) -> Path | None:
        """Where a single aggregator's database lies, or what came of it where an adoption was cut short; else None."""
        places = (self.folder, *sorted(self._aside.iterdir()))
        return next((place for place in places if (place / SINGLE_NAME).is_file()), None)

    def clear(self) -> None:
        """At a start, set aside what an earlier process led with, and delete copies that followed."""
        self.clear_copies()
        for led in sorted(self.folder.glob("epoch-*")):
            self.set_aside(led)

    def clear_copies(self) -> None:
        """At a start, delete what an earlier process has only followed, or has not finished restoring."""
        for copy in self.folder.glob("following-*"):
            self.discard(copy)

    def set_aside(self, folder: Path) -> None:
        """Put a database where nothing uses it; only the newest one stays."""
        if not folder.exists():
            return
        self.forget_aside()
        folder.rename(self._aside / folder.name)
        _log.warning("A live database was set aside.", extra={"folder": str(self._aside / folder.name)})

    def exchange(self, source: Path, path: str) -> None:
        """Put a closed database in the place of a single aggregator's own, which is set aside under a path's name.

        At every moment there is one of the two in that place, whole.

        Raises
        ------
        StorageError
            A database was not closed: what its WAL holds would be lost, or be taken for the other one's.
        """
        own, restored = self.folder / SINGLE_NAME, source / SINGLE_NAME
        for database in (own, restored):
            wal = database.with_name(f"{SINGLE_NAME}-wal")
            if wal.exists() and wal.stat().st_size:
                raise StorageError(f"{database} was not closed.", hint=f"ls -l {database.parent}")
        self.forget_aside()
        aside = self._aside / path
        aside.mkdir(mode=0o700)
        (aside / SINGLE_NAME).hardlink_to(own)
        restored.replace(own)
        sync_folder(self.folder)
        self.discard(source)

    def forget_aside(self) -> None:
        """Delete what was set aside: a restore of a later epoch has proved that it is not needed."""
        for older in self._aside.iterdir():  # the folder stays: on a full disk it could not be made anew
            shutil.rmtree(older, ignore_errors=True)

    def move(self, source: Path, path: str) -> Path:
        """Move a closed database into the fresh folder of another epoch, without what Litestream keeps beside it.

        An attempt that failed half way goes on where it was.
        """
        target = self.folder / path
        target.mkdir(mode=0o700, exist_ok=True)
        for file in source.iterdir():
            if not file.name.endswith(_LITESTREAM) and file.name.startswith(SINGLE_NAME):
                file.rename(target / file.name)
        if source != self.folder:
            shutil.rmtree(source, ignore_errors=True)
        return target
