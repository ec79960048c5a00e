"""Litestream beside the live database: what it is told, and how it is ended."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_appliance.errors import ReplicaUnreachableError
from sysmon_appliance.litestream.config import Replicated, replication_config
from sysmon_appliance.litestream.location import ReplicaLocation
from sysmon_appliance.litestream.programs import LitestreamProgram
from sysmon_appliance.litestream.replication import LitestreamReplication
from tests.appliance.litestream.conftest import PATH, litestream_at, store_at
from tests.support.ha import pretended_litestream
from tests.support.ha.databases import Ledger
from tests.support.system import eventually, free_port

PRETENDER = Path(pretended_litestream.__file__)


def settings(keep_hours: int) -> dict[str, object]:
    written = replication_config(Replicated(Path("/live.sqlite"), "file:///replica", Path("/socket"), keep_hours))
    return dict(json.loads(written))


@pytest.mark.parametrize(
    ("keep_hours", "interval", "retention"),
    [(1, "1h", "2h"), (72, "1h", "73h"), (720, "10h", "730h"), (8760, "24h", "8784h")],
)
def test_snapshots_cover_what_is_kept(keep_hours: int, interval: str, retention: str) -> None:
    """There is always a snapshot at least as old as what is kept, and there are not too many."""
    assert settings(keep_hours)["snapshot"] == {"interval": interval, "retention": retention}


def test_litestream_takes_its_settings_as_they_were_meant(
    folder: ReplicaLocation, litestream_program: LitestreamProgram, ledger: Ledger, tmp_path: Path
) -> None:
    """What the settings file says is what the program says that it does; it ignores keys that it does not know."""
    said: list[str] = []
    config = tmp_path / "litestream.yml"
    config.write_text(replication_config(Replicated(ledger.path, folder.replica(PATH), tmp_path / "s", 72)))
    program = litestream_at(folder, litestream_program)
    child = program.start(
        "replicate", "replicate", "-config", str(config), heard=lambda line: said.append(f"{line.text} {line.data}")
    )
    eventually(lambda: any("L0 retention" in line for line in said), "it has begun")
    child.kill()
    told = "\n".join(said)
    levels = dict(re.findall(r"compaction monitor .*level=(\d) interval=(\S+)", told))
    assert levels == {"1": "30s", "2": "5m0s", "3": "1h0m0s", "9": "1h0m0s"}
    assert "retention=5m0s" in told
    assert "sync-interval=10s" in told


def test_nothing_of_it_stays_behind(
    folder: ReplicaLocation, litestream_program: LitestreamProgram, ledger: Ledger
) -> None:
    """Settings and socket lie where only the owner gets in, and are gone with the program."""
    replication = store_at(folder, litestream_program).replicate(ledger.path, PATH)
    replication.sync()
    place = replication.folder
    assert place.stat().st_mode & 0o777 == 0o700
    assert (place / "socket").stat().st_mode & 0o777 == 0o600
    replication.kill()
    assert not place.exists()


def test_a_store_that_is_away_is_said_to_be(litestream_program: LitestreamProgram, ledger: Ledger) -> None:
    """A sync that cannot upload fails within its time, says why without a secret, and leaves the program running."""
    nobody = ReplicaLocation(
        "s3://bucket/live",
        endpoint=f"http://127.0.0.1:{free_port()}",
        region="garage",
        access_key_id="key",
        secret_access_key="hush",  # noqa: S106 - it is made up
        timeout_seconds=1,
    )
    replication = LitestreamReplication(litestream_at(nobody, litestream_program), ledger.path, PATH, keep_hours=72)
    with pytest.raises(ReplicaUnreachableError, match="cannot bring path") as raised:
        replication.sync()
    assert "hush" not in raised.value.message
    assert replication.alive
    replication.kill()


Pretend = Callable[..., LitestreamReplication]


@pytest.fixture
def pretend(folder: ReplicaLocation, tmp_path: Path) -> Iterator[Pretend]:
    """Replicate with a program that gives these answers to each sync, one after the other."""
    begun: list[LitestreamReplication] = []

    def begin(*answers: str, seconds: int = 20) -> LitestreamReplication:
        told = tmp_path / "answers"
        told.write_text("\n".join(answers))
        program = tmp_path / "litestream"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -I {PRETENDER} {told} "$@"\n')
        program.chmod(0o700)
        litestream = litestream_at(replace(folder, timeout_seconds=seconds), LitestreamProgram(program, "0.5.18"))
        begun.append(LitestreamReplication(litestream, tmp_path / "live.sqlite", PATH, keep_hours=72))
        eventually((begun[-1].folder / "socket").exists, "the program listens")
        return begun[-1]

    yield begin
    for replication in begun:
        replication.kill()


def synced(txid: int, replicated: int) -> str:
    return f'200 {{"status": "synced", "txid": {txid}, "replicated_txid": {replicated}}}'


def test_half_is_not_done(pretend: Pretend) -> None:
    """An answer that the replica is behind counts for nothing: it is asked again until it is not."""
    assert pretend(synced(5, 3), synced(5, 4), synced(5, 5)).sync() == 5


def test_what_stays_behind_is_an_error(pretend: Pretend) -> None:
    """A replica that does not come up to the database in time is not synced."""
    with pytest.raises(ReplicaUnreachableError, match="the replica has 3 of 5"):
        pretend(synced(5, 3), seconds=1).sync()


def test_a_position_never_falls(pretend: Pretend) -> None:
    """A position lower than an earlier one means that another history has begun: it is never reported as synced."""
    replication = pretend(synced(5, 5), synced(4, 4))
    assert replication.sync() == 5
    with pytest.raises(ReplicaUnreachableError, match="fell from 5 to 4"):
        replication.sync()


def test_it_is_asked_again_until_it_knows_the_database(pretend: Pretend) -> None:
    """Right after its start the program does not know the database yet, which is no failure."""
    assert pretend('404 {"error": "database not found"}', '409 {"error": "not open"}', synced(1, 1)).sync() == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('500 {"error": "replica sync: no route"}', "replica sync: no route"),
        ('500 {"problem": "no route"}', "status 500"),
        ("500 []", "no reason"),
        ("200 {}", "cannot be understood"),
        ("200 hello", "does not answer"),
    ],
)
def test_an_answer_that_is_no_success_is_an_error(pretend: Pretend, answer: str, said: str) -> None:
    """Whatever it says other than that everything is there is told, and is not synced."""
    with pytest.raises(ReplicaUnreachableError, match=said):
        pretend(answer, seconds=1).sync()


def test_a_program_that_ended_is_not_waited_for(pretend: Pretend) -> None:
    """A program that has ended by itself cannot sync."""
    replication = pretend("exit")
    with pytest.raises(ReplicaUnreachableError, match="it has ended"):
        replication.sync()
    assert not replication.alive


@pytest.mark.fault
def test_it_never_outlives_the_aggregator(
    folder: ReplicaLocation, litestream_program: LitestreamProgram, ledger: Ledger
) -> None:
    """When the aggregator is killed, Litestream is killed with it: it may not go on uploading."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from sysmon_agent.clock import SystemClock\n"
        "from sysmon_appliance.litestream.children import Litestream\n"
        "from sysmon_appliance.litestream.location import ReplicaLocation\n"
        "from sysmon_appliance.litestream.programs import LitestreamProgram\n"
        "from sysmon_appliance.litestream.replication import LitestreamReplication\n"
        "url, program, database, path = sys.argv[1:]\n"
        "program = LitestreamProgram(Path(program), '')\n"
        "litestream = Litestream(program, ReplicaLocation(url), SystemClock(), {})\n"
        "replication = LitestreamReplication(litestream, Path(database), path, keep_hours=72)\n"
        "print(replication.process_id, replication.sync(), flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, folder.url, str(litestream_program.path), str(ledger.path), PATH]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline().split()[0])
        parent.send_signal(signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{child}").exists(), "Litestream has ended")
