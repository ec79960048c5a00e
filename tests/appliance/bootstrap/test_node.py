"""One of several aggregators: whatever becomes of a term, the process goes on, and keeps nothing of it."""

import threading
from pathlib import Path

import pytest

from sysmon_appliance.bootstrap import node as node_module
from sysmon_appliance.domain.replica import Replication
from sysmon_appliance.services import candidacy, standing_watch
from tests.support.ha.litestream import FakeReplicaStore
from tests.support.ha.nodes import RunningNode, Surroundings, running_node

TERMS = 12


class Moody(FakeReplicaStore):
    """A replica whose next replications fail with an error."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    def replicate(self, database: Path, path: str) -> Replication:  # type: ignore[override]
        if self.errors:
            raise self.errors.pop()
        return super().replicate(database, path)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nodes try again at once."""
    for module, name in ((node_module, "COOL_DOWN_SECONDS"), (candidacy, "COOL_DOWN_SECONDS")):
        monkeypatch.setattr(module, name, 0.1)
    for name in ("_FAILED_SECONDS", "_PAUSE_SECONDS"):
        monkeypatch.setattr(node_module, name, 0.1)
    monkeypatch.setattr(standing_watch, "_WAIT_SECONDS", 0.2)


async def test_a_node_begins_a_region_of_which_there_is_nothing(tmp_path: Path) -> None:
    """Alone, with nothing anywhere, a node leads, and belongs to the cluster once that is recorded."""
    async with running_node(tmp_path, Surroundings()) as node:
        assert await node.leads() == 1
        lineage = node.region.coordinator.standing().lineage
        assert lineage is not None
        assert node.region.folders.cluster_id == lineage.cluster_id


async def test_a_node_goes_on_with_what_it_has_when_replication_ends(tmp_path: Path) -> None:
    """When Litestream ends, the same node leads in the next epoch, on another path."""
    async with running_node(tmp_path, Surroundings()) as node:
        first = await node.leads()
        node.replication.kill()
        assert await node.leads(after=first) == first + 1


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("anything")])
async def test_a_term_that_cannot_begin_ends_nothing_else(tmp_path: Path, error: Exception) -> None:
    """Whatever goes wrong while a term begins, the node tries again, and the lock is free meanwhile."""
    surroundings = Surroundings(store=Moody(error))
    async with running_node(tmp_path, surroundings) as node:
        assert await node.leads() > 1


async def test_terms_leave_nothing_behind(tmp_path: Path) -> None:
    """However many terms a process has seen, it has no more files, threads and folders than after the first ones."""
    async with running_node(tmp_path, Surroundings()) as node:
        epoch = 0
        held: list[tuple[int, int, int]] = []
        for _ in range(TERMS):
            epoch = await node.leads(after=epoch)
            held.append(_held(node))
            node.replication.kill()
    begin, end = held[: TERMS // 2], held[TERMS // 2 :]
    for what in range(3):  # the least, for readers come and go
        assert min(each[what] for each in end) <= min(each[what] for each in begin) + (what == 1)


def _held(node: RunningNode) -> tuple[int, int, int]:
    """Count open files, threads, and folders with data."""
    threads = sum(not each.name.startswith("sysmon_") for each in threading.enumerate())  # those of the pool stay
    folders = sum(1 for _ in node.region.folders.folder.iterdir())
    files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    return files, threads, folders
