"""The replica that an aggregator is given by its settings."""

from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import ConfigError
from sysmon_appliance.bootstrap.replicas import replicas_of
from sysmon_appliance.config import AggregatorSettings, ReplicaSettings
from sysmon_appliance.domain.replica import Chapter, path_of
from tests.support.ha.databases import Ledger, entries
from tests.support.tools import program

ALONE = AggregatorSettings()


def test_without_a_url_there_is_none() -> None:
    """An aggregator that is alone and was told nothing needs no Litestream."""
    assert replicas_of(ALONE, SystemClock()) is None


def test_store_and_book_lie_in_one_place(tmp_path: Path) -> None:
    """Paths and chapters stand beside each other, and neither is taken for the other."""
    settings = ReplicaSettings(url=(tmp_path / "replica").as_uri(), litestream=str(program("litestream")))
    replicas = replicas_of(replace(ALONE, replica=settings), SystemClock())
    assert replicas is not None
    path = path_of(1)
    ledger = Ledger(tmp_path / "live" / "live.sqlite")
    ledger.write(1)
    replication = replicas.store.replicate(ledger.path, path)
    txid = replication.sync()
    replicas.book.add(Chapter("cluster", 1, path, "node", 1_000))
    replication.kill()
    ledger.close()
    assert replicas.store.paths() == [path]
    assert [chapter.path for chapter in replicas.book.chapters()] == [path]
    replicas.store.restore(path, tmp_path / "restored.sqlite", txid=txid)
    assert entries(tmp_path / "restored.sqlite") == [1]


def test_without_the_program_nothing_begins(tmp_path: Path) -> None:
    """A replica that is asked for and cannot be written is a fault of the settings."""
    settings = ReplicaSettings(url=(tmp_path / "replica").as_uri(), litestream=str(tmp_path / "litestream"))
    with pytest.raises(ConfigError, match=r"replica\.litestream"):
        replicas_of(replace(ALONE, replica=settings), SystemClock())
