"""Restoring the replica now and then, before somebody needs it and cannot."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.drills import Contents, Counter, Drill, NoteDrill, differences
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.replica import ReplicaStore
from sysmon_appliance.domain.segments import HOUR_MS
from sysmon_appliance.errors import NotDurableError, RefusedError, ReplicaBrokenError, ReplicaUnreachableError
from sysmon_appliance.services.scratch import check_room
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)

SCRATCH = "drill-"
"""How the names of folders of drills begin."""

_LOG = "journalctl -u sysmon-aggregator -n 50"

_ROUND_SECONDS = 60.0
_FIRST_MS = 600_000
"""After a start nothing is restored for so long: whoever starts has other things to do."""

_AGAIN_MS = HOUR_MS
"""A drill that failed is tried again after so long, or when the next is due, if that is sooner."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a drill works with."""

    store: ReplicaStore
    path: str  # that is written now
    counter: Counter
    live: Path  # the database that lives
    scratch: Path  # folder of this term alone, its name begins with SCRATCH; not there except during a drill


class Drills:
    """Drills of one term of a leader; belongs to the event loop.

    Parameters
    ----------
    barrier
        The lasting one: what it has settled is in the replica.
    on_passed
        Called in a worker thread after each drill that passed.
    """

    def __init__(
        self,
        bench: Bench,
        barrier: Barrier,
        clock: Clock,
        *,
        last: Drill | None,
        every_hours: int,
        on_passed: Callable[[], None] = lambda: None,
    ) -> None:
        self.newest = last
        """The drill that runs, or else the one that ended last; None before the first."""
        self._bench = bench
        self._barrier = barrier
        self._clock = clock
        self._every_ms = every_hours * HOUR_MS  # 0: only when asked
        self._on_passed = on_passed
        self._began_boot_ms = clock.boot_ms()
        self._asked = asyncio.Event()

    async def ask(self, principal: Principal) -> None:
        """Let a drill begin soon, and put on record who wanted it; one that runs already is as good.

        Raises
        ------
        RefusedError
            It could not be put on record, so nothing is done.
        """
        await commit(self._barrier, (audited(principal, "backup.drill", "", now_ms=self._clock.wall_ms()),))
        self._asked.set()

    async def run(self) -> NoReturn:
        """Drill when it is time, until cancelled."""
        while True:
            if self._asked.is_set() or self._is_due():
                await self.drill()
                self._asked.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), _ROUND_SECONDS)

    async def drill(self) -> Drill:
        """Restore the newest of the replica, look whether it is what was stored, and keep the outcome."""
        drill = self.newest = Drill(self._clock.wall_ms(), path=self._bench.path)
        try:
            drill = await self._drilled(drill)
        except SysmonError as error:
            drill = replace(drill, problem=error.message, hint=error.hint)
        except Exception:  # noqa: BLE001 - whatever it is, it must not end the leader
            _log.exception("A drill could not be done.")
            drill = replace(drill, problem="The drill could not be done; the log says why.", hint=_LOG)
        finally:
            await asyncio.to_thread(shutil.rmtree, self._bench.scratch, ignore_errors=True)
        self.newest = replace(drill, ended_ms=self._clock.wall_ms())
        await self._keep(self.newest)
        return self.newest

    async def _drilled(self, drill: Drill) -> Drill:
        before = await asyncio.to_thread(self._bench.counter.contents, self._bench.live)
        await self._all_replicated()
        return await asyncio.to_thread(self._restored, drill, before)

    async def _all_replicated(self) -> None:
        """Wait until what was counted is in the replica.

        Raises
        ------
        ReplicaUnreachableError
            It does not come to be.
        """
        try:
            await commit(self._barrier, ())
        except NotDurableError as error:
            raise ReplicaUnreachableError(
                "Nothing becomes durable at this moment, so there is nothing to compare.", hint="sysmon ha status"
            ) from error

    def _restored(self, drill: Drill, before: Contents) -> Drill:
        bench, since = self._bench, self._clock.monotonic()
        check_room(bench.live, bench.scratch.parent)
        for left in bench.scratch.parent.glob(f"{SCRATCH}*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        bench.scratch.mkdir(mode=0o700)
        database = bench.scratch / "restored.sqlite"
        txid = bench.store.restore(bench.path, database)
        size = database.stat().st_size
        _check(bench.counter.faults(database))
        seconds = self._clock.monotonic() - since
        restored = bench.counter.contents(database)
        _check(list(self._findings(database, before, restored)))
        return replace(
            drill,
            txid=txid,
            restored_bytes=size,
            seconds=round(seconds, 3),
            counts={**restored.tables, **_head(restored)},
        )

    def _findings(self, database: Path, before: Contents, restored: Contents) -> Iterator[str]:
        counter, live = self._bench.counter, self._bench.live
        yield from differences(before, restored, counter.contents(live))
        if restored.audit.number and counter.audit_hash(live, restored.audit.number) != restored.audit.hash:
            yield f"Entry {restored.audit.number} of its audit log is another."
        # Rows of the head that are sealed meanwhile are gone in one of the two: compare those that both have.
        living = counter.head(live, 0, restored.last_batch)
        if living.rows and counter.head(database, living.first, restored.last_batch) != living:
            yield "Its newest batches are others."

    async def _keep(self, drill: Drill) -> None:
        data = {"path": drill.path, "txid": drill.txid, "seconds": drill.seconds}
        if drill.passed:
            _log.info("A drill has restored the replica.", extra=data)
            await asyncio.to_thread(self._on_passed)
        else:
            _log.error("A drill has failed.", extra=data | {"problem": drill.problem})
        try:
            await commit(self._barrier, (NoteDrill(drill),))
        except RefusedError:
            _log.warning("The outcome of a drill could not be committed.", exc_info=True)

    def _is_due(self) -> bool:
        if not self._every_ms or self._clock.boot_ms() - self._began_boot_ms < min(_FIRST_MS, self._every_ms):
            return False
        if self.newest is None:
            return True
        pause_ms = self._every_ms if self.newest.passed else min(_AGAIN_MS, self._every_ms)
        return self._clock.wall_ms() - self.newest.began_ms >= pause_ms


def _check(findings: Sequence[str]) -> None:
    """Raise what was found, if anything was."""
    if findings:
        more = f" There are {len(findings) - 1} more findings." if len(findings) > 1 else ""
        raise ReplicaBrokenError(
            f"What was restored is not what was stored: {findings[0].rstrip('.')}.{more}", hint="sysmon backup list"
        )


def _head(restored: Contents) -> dict[str, int]:
    return {"ticks": sum(account.stored for account in restored.accounts.values())}
