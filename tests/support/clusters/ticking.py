"""A real agent that knows all aggregators of a region, and the account of what it has collected."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.services.live_folders import SINGLE_NAME
from tests.support.account import assert_delivered_once, assert_whole, stored
from tests.support.clusters.aggregators import AggregatorNode, Aggregators
from tests.support.pushes import HOST
from tests.support.system import Program, eventually

_PATIENCE = 120.0


class TickingAgent:
    """Takes a tick each second, for as long as it runs; made by `ticking`."""

    def __init__(self, region: Aggregators, folder: Path) -> None:
        self.program = Program(
            ["-m", "sysmon_agent", "run", "--config", str(_settings(region, folder))], folder / "log"
        )
        self._region = region
        self._folder = folder

    def is_served(self, by: AggregatorNode, *, more: int = 3) -> int:
        """Wait until an aggregator has stored some ticks more than at this moment; return how many it has."""
        wanted = eventually(lambda: 1 + ticks(by), "an aggregator tells what it has", _PATIENCE) - 1 + more
        return eventually(lambda: max(ticks(by) - wanted + 1, 0) and ticks(by), f"{by.name} stores ticks", _PATIENCE)

    def assert_nothing_lost(self) -> None:
        """What the next leader would begin with has every tick that was collected up to some moment, once."""
        folder = self._folder / "restored"
        folder.mkdir()
        self._region.restore(folder / SINGLE_NAME)
        streams = stored(folder, HOST)
        shutil.rmtree(folder)
        assert_whole(streams)
        assert_delivered_once(self._folder / "spool", streams)


@contextmanager
def ticking(region: Aggregators, folder: Path) -> Iterator[TickingAgent]:
    """Run an agent for as long as the block runs."""
    folder.mkdir()
    agent = TickingAgent(region, folder)
    try:
        yield agent
    finally:
        agent.program.kill()


def ticks(node: AggregatorNode) -> int:
    """Count the ticks that an aggregator has of all hosts."""
    return sum(stream["stored"] for host in node.ask("GET", "/api/v1/ledger")["hosts"] for stream in host["streams"])


def past(node: AggregatorNode, from_ms: int, to_ms: int) -> Any:
    """Return how many seconds the agent's host was up, over a stretch of time, as an aggregator tells it."""
    return node.ask("GET", f"/api/v1/hosts/{HOST}/range?metric=system.uptime&from={from_ms}&to={to_ms}")


def seal(node: AggregatorNode) -> int:
    """Let a leader put what it has into segments; return the moment up to which it has."""
    newest = newest_sealed(node)
    node.ask("POST", "/api/v1/storage/seal", {})
    return eventually(lambda: max(newest_sealed(node) - newest, 0) and newest_sealed(node), "something is sealed")


def newest_sealed(node: AggregatorNode) -> int:
    kinds = node.ask("GET", "/api/v1/storage")["kinds"]
    return next(kind["to"] or 0 for kind in kinds if kind["kind"] == Kind.RAW)


def _settings(region: Aggregators, folder: Path) -> Path:
    path = folder / "agent.yaml"
    content: dict[str, Any] = {
        "name": "under-test",
        "interval_seconds": 1,
        "aggregators": list(region.addresses),
        "tls": region.agent(HOST).settings(),
        "spool": {"directory": str(folder / "spool"), "min_free_bytes": 0},
        "uplink": {"backoff_seconds": 1},
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
