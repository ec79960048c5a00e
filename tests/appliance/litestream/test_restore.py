"""Restoring where the replica is damaged, away, or slow."""

import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_agent.errors import SysmonError
from sysmon_appliance.errors import ReplicaBrokenError, ReplicaUnreachableError
from sysmon_appliance.litestream.checking import check_database
from sysmon_appliance.litestream.location import ReplicaLocation
from sysmon_appliance.litestream.programs import LitestreamProgram
from sysmon_appliance.litestream.restore import restore
from sysmon_appliance.litestream.store import LitestreamStore
from tests.appliance.litestream.conftest import PATH, litestream_at, store_at
from tests.support.ha.databases import Ledger, entries
from tests.support.system import free_port

NOBODY = ReplicaLocation(
    "s3://bucket/live",
    region="garage",
    access_key_id="key",
    secret_access_key="hush",  # noqa: S106 - it is made up
    timeout_seconds=1,
)


@pytest.fixture
def store(folder: ReplicaLocation, litestream_program: LitestreamProgram) -> LitestreamStore:
    return store_at(folder, litestream_program)


@pytest.fixture
def newest(store: LitestreamStore, folder: ReplicaLocation, ledger: Ledger) -> Path:
    """The file of the newest transaction of a path that is not written any more."""
    replication = store.replicate(ledger.path, PATH)
    replication.sync()
    ledger.write(*range(2, 100), size=1000)
    replication.sync()
    replication.kill()
    levels = Path(folder.folder) / PATH / "ltx"
    for merged in levels.glob("[1-9]"):  # on a slow machine the newest may lie in a merged file as well
        shutil.rmtree(merged)
    return max((levels / "0").iterdir())


def flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("at", [4, 130, 5000, -20, -1])
def test_a_damaged_replica_is_never_taken_for_a_whole_one(
    store: LitestreamStore, newest: Path, tmp_path: Path, at: int
) -> None:
    """A single bit that is wrong makes the restore fail, as broken, and nothing is left in its place."""
    flip(newest, at)
    with pytest.raises(ReplicaBrokenError):
        store.restore(PATH, tmp_path / "restored.sqlite")
    assert not list(tmp_path.glob("restored*"))


@pytest.mark.parametrize("size", [0, 50, 2000])
def test_a_file_that_was_cut_short_is_broken(store: LitestreamStore, newest: Path, tmp_path: Path, size: int) -> None:
    """Half of a file is no file."""
    newest.write_bytes(newest.read_bytes()[:size])
    with pytest.raises(ReplicaBrokenError):
        store.restore(PATH, tmp_path / "restored.sqlite")


def test_a_file_that_is_gone_is_noticed_by_the_position(store: LitestreamStore, newest: Path, tmp_path: Path) -> None:
    """Where the newest is gone, the path reaches less far than what was recorded of it."""
    txid = int(newest.stem.split("-")[1], 16)
    newest.unlink()
    with pytest.raises(ReplicaBrokenError, match=f"must hold {txid}"):
        store.restore(PATH, tmp_path / "restored.sqlite", txid=txid)


@pytest.mark.usefixtures("newest")
def test_what_was_restored_is_readable_by_its_owner_alone(store: LitestreamStore, tmp_path: Path) -> None:
    """A restored database has the mode of a live one, and nothing beside it."""
    target = tmp_path / "restored.sqlite"
    store.restore(PATH, target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob("restored*")) == [target]
    assert len(entries(target)) == 99


def test_a_damaged_database_is_found(ledger: Ledger, tmp_path: Path) -> None:
    """The check of what was restored finds pages that are not what they should be."""
    ledger.write(*range(2, 100), size=1000)
    ledger.close()
    copy = tmp_path / "copy.sqlite"
    content = bytearray(ledger.path.read_bytes())
    copy.write_bytes(content)
    check_database(copy)
    content[4096:8192] = bytes(4096)
    copy.write_bytes(content)
    with pytest.raises(ReplicaBrokenError):
        check_database(copy)
    copy.write_bytes(b"no database at all, but long enough to have a header of one hundred bytes in it" * 60)
    with pytest.raises(ReplicaBrokenError):
        check_database(copy)


def test_a_store_that_is_away_is_not_broken(litestream_program: LitestreamProgram, tmp_path: Path) -> None:
    """Where nobody answers, or nobody in time, it may be asked again."""
    nobody = replace(NOBODY, endpoint=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ReplicaUnreachableError) as raised:
        restore(litestream_at(nobody, litestream_program), PATH, tmp_path / "r.sqlite", txid=0, at_ms=0)
    assert "hush" not in raised.value.message


def test_a_store_that_is_frozen_is_not_waited_for(litestream_program: LitestreamProgram, tmp_path: Path) -> None:
    """A store that takes a connection and never answers costs the time of one request."""
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        location = replace(NOBODY, endpoint=f"http://127.0.0.1:{frozen.getsockname()[1]}")
        with pytest.raises(ReplicaUnreachableError, match="no further within 1 s"):
            restore(litestream_at(location, litestream_program), PATH, tmp_path / "r.sqlite", txid=0, at_ms=0)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("decode database: close reader 0: file checksum mismatch", ReplicaBrokenError),
        ("decode database: decode page 4: unexpected EOF", ReplicaBrokenError),
        ("non-contiguous ltx files: have up to 5 but next file starts at 7", ReplicaBrokenError),
        ("restore plan retries exhausted for txid 5: file does not exist", ReplicaBrokenError),
        (
            "decode page 8: read page header 0: max retries exceeded: operation error S3: GetObject",
            ReplicaUnreachableError,
        ),
        ("decode page 8: read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer", ReplicaUnreachableError),
        ("operation error S3: ListObjectsV2, api error AccessDenied: Forbidden", ReplicaUnreachableError),
        ("write /live.sqlite.tmp: no space left on device", ReplicaUnreachableError),
        ("", ReplicaUnreachableError),
    ],
)
def test_only_what_the_store_lacks_is_broken(
    folder: ReplicaLocation, tmp_path: Path, said: str, expected: type[SysmonError]
) -> None:
    """A restore that was cut short, or that this machine cannot hold, says nothing of what lies in the replica."""
    program = tmp_path / "litestream"
    program.write_text(
        f"""#!/bin/sh
        case "$*" in *-dry-run*) echo '{{"max_txid": "0000000000000005"}}'; exit 0;; esac
        echo 'Error: {said}' >&2
        exit 1
        """
    )
    program.chmod(0o700)
    litestream = litestream_at(folder, LitestreamProgram(program, "0.5.18"))
    with pytest.raises(expected):
        restore(litestream, PATH, tmp_path / "r.sqlite", txid=0, at_ms=0)


def test_a_program_that_is_gone_is_not_broken(folder: ReplicaLocation, tmp_path: Path) -> None:
    """Where Litestream itself cannot be started, the replica may be whole."""
    litestream = litestream_at(folder, LitestreamProgram(tmp_path / "gone", "0.5.18"))
    with pytest.raises(ReplicaUnreachableError, match="cannot be started"):
        restore(litestream, PATH, tmp_path / "r.sqlite", txid=0, at_ms=0)
    with pytest.raises(ReplicaUnreachableError, match="cannot be started"):
        litestream.start("replicate", "replicate")
