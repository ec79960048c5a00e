"""Which host imported values are of, and hosts of which there is history alone."""

import asyncio
import re
import secrets

import numpy as np

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.changes import SaveHost
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.segments import DAY_MS
from sysmon_appliance.errors import BadRequestError, NotFoundError, TooManyError
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.settling import commit

_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_NAME = 253
_SHORTEST_INTERVAL_MS = 1000
_USUAL_INTERVAL_MS = 10_000
_HINT = "sysmon hosts list"


class ImportedHosts:
    """Finds the hosts of imports, and makes those that there are not. Belongs to the event loop."""

    def __init__(self, catalog: Catalog, barrier: Barrier, clock: Clock, *, most: int) -> None:
        self._catalog = catalog
        self._barrier = barrier
        self._clock = clock
        self._most = most
        self._making = asyncio.Lock()

    def find(self, name: str, host_id: str) -> Host | None:
        """Return the host of an id, or of a name or id.

        Raises
        ------
        BadRequestError
            Several hosts have the name.
        """
        exact = self._catalog.find(host_id) or self._catalog.find(name)
        if exact is not None:
            return exact
        named = [host for host in self._catalog.all() if host.name == name]
        if len(named) > 1:
            ids = ", ".join(host.host_id for host in named[:5])
            raise BadRequestError(f"{len(named)} hosts are called {name!r}: {ids}.", hint=_HINT)
        return named[0] if named else None

    def known(self, name: str, host_id: str) -> Host:
        """Return what `find` finds.

        Raises
        ------
        NotFoundError
            There is no such host.
        """
        host = self.find(name, host_id)
        if host is None:
            raise NotFoundError(f"There is no host {name!r}.", hint="sysmon history import FILE --create-hosts")
        return host

    async def made(self, name: str, host_id: str, t: Times, principal: Principal) -> Host:
        """Return a host that has no certificate, and has history of these times; it keeps the id that it has had.

        Raises
        ------
        BadRequestError
            It cannot be called that.
        TooManyError
            The region is full.
        """
        _check(name, host_id)
        async with self._making:
            if self._catalog.find(host_id) is not None:
                return self.known(name, host_id)
            if len(list(self._catalog.all())) >= self._most:
                raise TooManyError(f"There are {self._most} hosts already.", hint="sysmon-aggregator config show")
            host = self._catalog.imported(
                host_id or secrets.token_hex(16),
                name,
                interval_ms=_interval_ms(t),
                first_seen_ms=min(int(t[0]), self._clock.wall_ms()),
            )
            entry = audited(principal, "host.create", host.host_id, now_ms=self._clock.wall_ms(), after={"name": name})
            await commit(self._barrier, (SaveHost(host), entry))
            self._catalog.put(host)
            return host


def _check(name: str, host_id: str) -> None:
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise BadRequestError(f"No host can be called {name[:50]!r}.", hint=_HINT)
    if host_id and not _ID.fullmatch(host_id):
        raise BadRequestError(f"{host_id[:50]!r} is no id of a host: those are 32 hexadecimal digits.", hint=_HINT)


def _interval_ms(t: Times) -> int:
    """Tell how far ticks are mostly apart."""
    if len(t) == 1:
        return _USUAL_INTERVAL_MS
    return int(np.clip(np.median(np.diff(t)), _SHORTEST_INTERVAL_MS, DAY_MS))
