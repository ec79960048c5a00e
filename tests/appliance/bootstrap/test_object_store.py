"""An object store in a whole aggregator."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import ConfigError
from sysmon_appliance.bootstrap import build
from sysmon_appliance.config import ObjectStoreSettings
from tests.support.aggregator import over, running, settings_in
from tests.support.s3_server import bad_s3, refusal

KEY = {"access_key_id": "key", "secret_access_key": "hush"}


def store_at(endpoint: str) -> ObjectStoreSettings:
    return ObjectStoreSettings(url="s3://sysmon/eu", endpoint=endpoint, timeout_seconds=1, **KEY)


async def test_an_aggregator_starts_and_says_so_where_its_store_does_not_answer(tmp_path: Path) -> None:
    """Hosts are served while the object store is away, and storage says that it is."""
    with bad_s3((503, refusal("SlowDown"))) as store:
        settings = replace(settings_in(tmp_path), object_store=store_at(store.endpoint))
        async with running(settings), over(settings.console.socket) as local, asyncio.timeout(60):
            state = (await local.get("/api/v1/storage")).json()["object_store"]
            while state["reachable"] is None:
                await asyncio.sleep(0.05)
                state = (await local.get("/api/v1/storage")).json()["object_store"]
    assert state == {"url": "s3://sysmon/eu", "reachable": False}


def test_secrets_do_not_leave_this_machine_unencrypted(tmp_path: Path) -> None:
    """With an endpoint without TLS beyond this machine nothing is begun."""
    settings = replace(settings_in(tmp_path), object_store=store_at("http://s3.example"))
    with pytest.raises(ConfigError, match="without TLS"), build(settings, SystemClock()):
        pass
