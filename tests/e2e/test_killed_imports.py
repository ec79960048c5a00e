"""An aggregator that is killed while it imports."""

import threading
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli.client import Client
from tests.support.system import System, eventually, system_in

IMPORTS = "/api/v1/imports"
TICKS = 2000
SERIES = 10


def the_values(start_ms: int) -> dict[str, Any]:
    return {
        "host": "web-1",
        "series": [{"metric": f"m{number}"} for number in range(SERIES)],
        "t": list(range(start_ms, start_ms + TICKS)),
        "values": [[number + tick / 7 for tick in range(TICKS)] for number in range(SERIES)],
    }


def begin(system: System, values: dict[str, Any]) -> str:
    """Begin an import, send values, and have them stored."""
    with Client(system.socket) as client:
        path = f"{IMPORTS}/{client.post(IMPORTS, {'create_hosts': True})['id']}"
        client.post(f"{path}/values", values)
        client.post(f"{path}/finish")
    return path


def stored(system: System) -> int:
    """Count the values that are in segments."""
    with Client(system.socket) as client:
        return int(next(kind["samples"] for kind in client.get("/api/v1/storage")["kinds"] if kind["kind"] == "raw"))


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 0.6])
def test_an_import_counts_wholly_or_not_at_all(tmp_path: Path, seconds: float) -> None:
    """Whenever the aggregator is killed, all values or none are there after the next start, and repeating completes."""
    values = the_values(SystemClock().wall_ms() - 3_600_000)
    with system_in(tmp_path) as system:
        aggregator = system.start_aggregator()
        system.ready()
        begin(system, values)
        threading.Event().wait(seconds)
        aggregator.kill()
        system.start_aggregator()
        system.ready()
        assert stored(system) in {0, SERIES * TICKS}
        assert not list(tmp_path.rglob("imports-*/*"))
        path = begin(system, values)
        with Client(system.socket) as client:
            eventually(lambda: client.get(path)["state"] == "done" or None, "the import is done")
            assert client.get("/api/v1/series")["total"] == SERIES
        assert stored(system) == SERIES * TICKS
