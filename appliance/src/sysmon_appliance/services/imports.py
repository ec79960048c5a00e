"""Imports: history from elsewhere comes in parts, is held apart, and counts from one commit on.

Imports that wait for more are forgotten with a restart, and so is what they hold: whoever imports begins anew, and
what was imported before is not imported twice.
"""

import asyncio
import contextlib
import logging
import secrets
from dataclasses import dataclass, field, replace
from typing import NoReturn

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.messages import DEFAULT_LIMITS
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.imports import MOST_BYTES, ImportState, Staging, StagingArea
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.errors import BadRequestError, ConflictError, NotFoundError, StorageError, TooManyError
from sysmon_appliance.services.import_storing import Holding, ImportStoring
from sysmon_appliance.services.import_values import Block, ImportedValues, checked
from sysmon_appliance.services.imported_hosts import ImportedHosts
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)

_MOST_IMPORTS = 8  # that are not over
_MOST_DAYS = 3700  # ten years; each becomes a segment
_MOST_ROWS = 1_000_000  # values of a request and a day are one
_MOST_SERIES = 1_000_000
_HOSTS_ON_RECORD = 100
_KEPT_SECONDS = 86_400.0
_ROUND_SECONDS = 600.0
_HELP = "sysmon history import --help"


@dataclass(slots=True)
class Import:
    """One import; `stored` are the values that had no place yet, as soon as that is known."""

    id: str
    asked_by: Principal
    create_hosts: bool
    staging: Staging
    touched: float  # monotonic
    state: ImportState = ImportState.OPEN
    values: int = 0
    stored: int | None = None
    problem: str = ""
    bytes: int = 0
    rows: int = 0
    held: dict[int, Holding] = field(default_factory=dict)  # by Host.key
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_over(self) -> bool:
        return self.state in {ImportState.DONE, ImportState.FAILED}


class Imports:
    """Takes values in, and stores them one import after the other; `run` lasts. Belongs to the event loop."""

    def __init__(
        self,
        area: StagingArea,
        storing: ImportStoring,
        hosts: ImportedHosts,
        *,
        barrier: Barrier,
        clock: Clock,
        series_per_host: int,
    ) -> None:
        self._area = area
        self._storing = storing
        self._hosts = hosts
        self._barrier = barrier
        self._clock = clock
        self._limits = replace(DEFAULT_LIMITS, series=series_per_host)
        self._imports: dict[str, Import] = {}
        self._waiting: asyncio.Queue[Import] = asyncio.Queue()

    async def begin(self, principal: Principal, *, create_hosts: bool) -> Import:
        """Begin an import.

        Raises
        ------
        TooManyError
            Others are not over yet.
        StorageFullError, StorageFailedError
            It cannot be put on record.
        """
        if sum(not one.is_over for one in self._imports.values()) >= _MOST_IMPORTS:
            raise TooManyError(f"{_MOST_IMPORTS} imports are under way.", hint="sysmon storage status")
        name = secrets.token_hex(16)
        begun = Import(name, principal, create_hosts, self._area.begin(name), self._clock.monotonic())
        await self._record(begun, principal, "import.start", {"create_hosts": create_hosts})
        self._imports[name] = begun
        return begun

    def find(self, name: str) -> Import:
        """Return an import.

        Raises
        ------
        NotFoundError
            There is none, or not any more.
        """
        found = self._imports.get(name)
        if found is None:
            raise NotFoundError("There is no such import; a restart ends those that are not over.", hint=_HELP)
        return found

    async def take(self, name: str, given: ImportedValues, principal: Principal) -> Import:
        """Hold values until all have come.

        Raises
        ------
        NotFoundError, ConflictError
            There is no such import or host, or all values have come.
        BadRequestError, MalformedMessage, OversizedMessage, TooManyError
            These cannot be held.
        StorageError
            There is no room for them, and the import has failed.
        """
        found = self.find(name)
        block = await asyncio.to_thread(checked, given, self._limits, self._clock.wall_ms())
        async with found.turn:
            _check_open(found)
            self._check_room(found)
            host = await self._host(found, given, block, principal)
            holding = found.held.get(host.key) or Holding(host.name, int(block.t[0]), int(block.t[-1]))
            self._check_holding(found, holding, block)
            await self._hold(found, host, block)
            found.held[host.key] = holding
            holding.take(block)
        return found

    async def finish(self, name: str, principal: Principal) -> None:
        """Have all values stored soon; what became of them, `find` tells.

        Raises
        ------
        NotFoundError, ConflictError
            There is no such import, or it was finished before.
        BadRequestError
            No values have come.
        """
        found = self.find(name)
        async with found.turn:
            _check_open(found)
            if not found.values:
                raise BadRequestError("The import has no values.", hint=_HELP)
            found.asked_by, found.state = principal, ImportState.STORING
            self._waiting.put_nowait(found)

    async def cancel(self, name: str, principal: Principal) -> None:
        """End an import as if it had never been; hosts that were made for it stay.

        Raises
        ------
        NotFoundError, ConflictError
            There is no such import, or it is being stored.
        """
        found = self.find(name)
        async with found.turn:
            if found.state is ImportState.STORING:
                raise ConflictError("The import is being stored already.", hint="sysmon storage status")
            was_over = found.is_over
            await self._drop(found)
        if not was_over:
            await self._record(found, principal, "import.cancel", {"values": found.values})

    async def run(self) -> NoReturn:
        """Store what is finished, until cancelled."""
        while True:
            await self.step()

    async def step(self) -> None:
        """Wait a while for an import that is finished, and store it."""
        with contextlib.suppress(TimeoutError):
            await self._store(await asyncio.wait_for(self._waiting.get(), _ROUND_SECONDS))
        await self.forget()

    async def forget(self) -> None:
        """Let go of imports to which nothing has happened for a day."""
        before = self._clock.monotonic() - _KEPT_SECONDS
        for one in list(self._imports.values()):
            if one.touched < before and one.state is not ImportState.STORING and not one.turn.locked():
                await self._drop(one)

    async def _host(self, found: Import, given: ImportedValues, block: Block, principal: Principal) -> Host:
        if not found.create_hosts:
            return self._hosts.known(given.host, given.host_id)
        host = self._hosts.find(given.host, given.host_id)
        return host or await self._hosts.made(given.host, given.host_id, block.t, principal)

    async def _hold(self, found: Import, host: Host, block: Block) -> None:
        try:
            found.bytes = await asyncio.to_thread(found.staging.add, host, block.schema, block.t, block.values)
        except StorageError as error:
            await self._fail(found, error.message)
            raise
        found.values += block.count
        found.rows += len(block.days)
        found.touched = self._clock.monotonic()

    def _check_room(self, found: Import) -> None:
        if sum(one.bytes for one in self._imports.values() if not one.is_over) >= MOST_BYTES:
            raise TooManyError(
                f"Imports hold {MOST_BYTES >> 30} GiB, as much as they may; import less at one time.", hint=_HELP
            )
        if found.rows >= _MOST_ROWS:
            raise TooManyError("The import has come in too many parts; import less at one time.", hint=_HELP)

    def _check_holding(self, found: Import, holding: Holding, block: Block) -> None:
        """Refuse more series or days than there may be."""
        if len(holding.days | block.days) > _MOST_DAYS:
            raise TooManyError(f"An import may be of {_MOST_DAYS} days of a host.", hint=_HELP)
        series = len(holding.series.union(block.schema.series))
        if series > self._limits.series:
            raise TooManyError(f"{holding.name} would have more than {self._limits.series} series.", hint=_HELP)
        if sum(len(one.series) for one in found.held.values()) > _MOST_SERIES:
            raise TooManyError(f"An import may have {_MOST_SERIES} series.", hint=_HELP)

    async def _store(self, one: Import) -> None:
        record = audited(one.asked_by, "import.finish", one.id, now_ms=self._clock.wall_ms(), after=_on_record(one))
        try:
            files = await asyncio.to_thread(one.staging.finish)
            one.stored = await self._storing.store(files, one.held, record)
        except SysmonError as error:
            await self._fail(one, error.message)
        except Exception:  # noqa: BLE001 - whatever it is, whoever waits must hear of it
            _log.exception("An import failed.")
            await self._fail(one, "The import failed; the log says why.")
        else:
            await self._end(one, ImportState.DONE)

    async def _fail(self, one: Import, problem: str) -> None:
        _log.warning("An import has failed.", extra={"import": one.id, "problem": problem})
        one.problem = problem
        await self._end(one, ImportState.FAILED)

    async def _drop(self, one: Import) -> None:
        """Let go of an import; a request that found it before holds nothing any more."""
        self._imports.pop(one.id, None)
        await self._end(one, ImportState.FAILED)

    async def _end(self, one: Import, state: ImportState) -> None:
        if state is ImportState.FAILED:
            one.state = state  # at once: nothing may be held while it is discarded
        await asyncio.to_thread(one.staging.discard)
        one.held, one.bytes = {}, 0
        one.touched, one.state = self._clock.monotonic(), state

    async def _record(self, one: Import, principal: Principal, action: str, after: dict[str, object]) -> None:
        entry = audited(principal, action, one.id, now_ms=self._clock.wall_ms(), after=after)
        await commit(self._barrier, (entry,))


def _check_open(found: Import) -> None:
    if found.state is not ImportState.OPEN:
        raise ConflictError("The import takes no more values.", hint=_HELP)


def _on_record(one: Import) -> dict[str, object]:
    hosts = [holding.name for holding in one.held.values()]
    return {"values": one.values, "hosts": sorted(hosts)[:_HOSTS_ON_RECORD], "hosts_in_all": len(hosts)}
