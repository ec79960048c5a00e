"""A book of epochs, and backups as routes and commands see them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.backups import Backups, Target
from sysmon_appliance.domain.drills import Drill
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.replica import Chapter
from tests.support.pushes import NOW_MS


def chapter(epoch: int, *, parent: str = "", txid: int = 0, origin: str = "failover") -> Chapter:
    """Make the chapter of an epoch that began so many minutes after the first one."""
    path = f"epoch-{epoch:08d}-aa"
    return Chapter("cluster", epoch, path, "agg-1", NOW_MS + 60_000 * epoch, parent, txid, origin)


@dataclass
class ListBook:
    """A LineageBook over a list."""

    pages: list[Chapter] = field(default_factory=list)

    def chapters(self) -> Sequence[Chapter]:
        return list(self.pages)

    def add(self, chapter: Chapter) -> None:
        self.pages.append(chapter)

    def cluster_id(self) -> str:
        return self.pages[0].cluster_id if self.pages else ""

    def forget(self, path: str) -> None:
        self.pages = [page for page in self.pages if page.path != path]


@dataclass
class BackupsInMemory:
    """A BackupService that says what a test lets it say, and keeps its orders."""

    found: Backups = field(default_factory=Backups)
    error: SysmonError | None = None  # what everything fails with
    orders: list[tuple[Principal, str]] = field(default_factory=list)

    @property
    def newest_drill(self) -> Drill | None:
        return self.found.drill

    async def backups(self) -> Backups:
        self._check()
        return self.found

    async def order_drill(self, principal: Principal) -> None:
        self._check()
        self.orders.append((principal, "drill"))

    async def restore(self, principal: Principal, at_ms: int, path: str = "") -> Target:
        self._check()
        self.orders.append((principal, f"restore {at_ms} {path}".strip()))
        return Target(path or "epoch-00000001-aa", at_ms)

    def _check(self) -> None:
        if self.error is not None:
            raise self.error
