"""A single aggregator with a replica, over a replica in memory."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_appliance.bootstrap import alone
from sysmon_appliance.bootstrap.base import lay_base
from sysmon_appliance.bootstrap.replicas import Replicas
from sysmon_appliance.config import ReplicaSettings
from sysmon_appliance.objectstore.book import ObjectBook
from tests.support.aggregator import settings_in
from tests.support.ha.litestream import FakeReplicaStore
from tests.support.objects import MemoryObjects


async def until(seen: Callable[[], object]) -> None:
    """Return once something is so."""
    async with asyncio.timeout(60):
        while not seen():  # noqa: ASYNC110 - what is waited for are plain values
            await asyncio.sleep(0.02)


async def test_a_litestream_that_ends_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When Litestream ends, another one replicates the same database to a path of its own, in the next epoch."""
    for name in ("_LOOK_SECONDS", "_FIRST_PAUSE_SECONDS"):
        monkeypatch.setattr(alone, name, 0.05)
    store, stop = FakeReplicaStore(), asyncio.Event()
    settings = replace(settings_in(tmp_path), replica=ReplicaSettings(tick_milliseconds=50))
    with ExitStack() as closing:
        base = lay_base(settings, SystemClock(), closing, key_passphrase=None)
        aggregator = alone.ReplicatedAggregator(base, Replicas(store, ObjectBook(MemoryObjects())))
        serving = asyncio.ensure_future(aggregator.serve(stop, lambda: None))
        for epochs in (1, 2, 3):
            await until(lambda: len(store.paths()) == epochs)  # noqa: B023 - it is called before the next round
            [replication] = store.found[store.paths()[-1]].writers
            replication.kill()
        stop.set()
        await asyncio.wait_for(serving, 60)
