"""Which host has which series, since when and until when: kept in memory, answered from there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import is_not
from weakref import WeakValueDictionary

import numpy as np

from sysmon_agent.clock import Clock
from sysmon_agent.wire.messages import Schema
from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.hosts import Host, HostDirectory, Status, status
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.series import Use
from sysmon_appliance.domain.series_index import Numbers, SeriesIndex
from sysmon_appliance.domain.series_search import Holding, Holdings, Schemas
from sysmon_appliance.domain.state import State


@dataclass(frozen=True, slots=True)
class _Listed:
    """Holdings, and what they were made of."""

    held: Mapping[int, tuple[Schemas, Numbers]]
    hosts: Sequence[Host]
    holdings: Sequence[Holding]


class SeriesCatalog:
    """Which host has which series.

    Belongs to the event loop, except where a method says otherwise; `note` is the CommitListener.
    """

    def __init__(self, state: State, directory: HostDirectory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._index = SeriesIndex()
        self._numbers: dict[int, Numbers] = {}  # of each schema that some host has used
        self._together: WeakValueDictionary[Schemas, Numbers] = WeakValueDictionary()
        self._held: dict[int, tuple[Schemas, Numbers]] = {}  # by host
        self._uses: dict[tuple[int, int], Use] = {}  # by host and schema
        self._newest: dict[int, Use] = {}  # by host
        self._last_listed: _Listed | None = None
        self.reload(state)

    def reload(self, state: State) -> None:
        """Take in the uses that a state tells of; none ever ends."""
        schemas = {schema.key: schema for schema in state.schemas}
        for use in sorted(state.uses, key=lambda use: use.first_ms):
            self.keep(use, schemas[use.schema])

    def note(self, stored: Sequence[StoredBatch]) -> None:
        """Take note of which schemas hosts have used."""
        for batch in stored:
            first_ms, last_ms = int(batch.wall_ms[0]), int(batch.wall_ms[-1])
            use = self._uses.get((batch.host, batch.schema.key))
            if use is None:
                self._begin(Use(batch.host, batch.schema.key, first_ms, last_ms), batch.schema)
            else:
                use.widen(first_ms, last_ms)
                self._newest[batch.host] = use

    def keep(self, use: Use, schema: KnownSchema) -> None:
        """Take note of a use that no batch tells of."""
        known = self._uses.get((use.host, use.schema))
        if known is None:
            self._begin(use, schema)
        else:
            known.widen(use.first_ms, use.last_ms)

    def has_used(self, host: int, schema: KnownSchema) -> bool:
        return (host, schema.key) in self._uses

    def new_series(self, host: int, schema: Schema) -> int:
        """Count the series of a schema that a host has never had."""
        held = self._held.get(host)
        if held is None:
            return len(schema.series)
        found = self._index.find(schema.series)
        return len(schema.series) - int(np.count_nonzero(np.isin(found, held[1])))

    def holdings(self) -> Callable[[], Holdings]:
        """Return what lists, in any thread, what there is now; hosts come by name."""
        index, held = self._index.view(), dict(self._held)
        return lambda: Holdings(index, self._listed(held))

    def span(self, host: int, schemas: Iterable[int]) -> tuple[int, int]:
        """Return when a host has used one of these schemas first and last; safe in any thread."""
        uses = [self._uses[host, schema] for schema in schemas]
        return min(use.first_ms for use in uses), max(use.last_ms for use in uses)

    def numbers(self, schema: int) -> Numbers:
        """Return the numbers of a schema's series, in its order; safe in any thread."""
        return self._numbers[schema]

    def active(self) -> dict[int, int]:
        """Count, by host, the series that hosts which report send now."""
        now_ms = self._clock.wall_ms()
        return {
            host: len(self._numbers[use.schema]) for host, use in self._newest.items() if self._reports(use, now_ms)
        }

    def _reports(self, use: Use, now_ms: int) -> bool:
        interval_ms = self._directory.by_key(use.host).interval_ms
        return status(now_ms=now_ms, last_received_ms=use.last_ms, interval_ms=interval_ms) is not Status.DOWN

    def _listed(self, held: Mapping[int, tuple[Schemas, Numbers]]) -> Sequence[Holding]:
        """List holdings: the list of last time, unless a host was described anew or has begun with a schema."""
        hosts = [self._directory.by_key(host) for host in held]
        last = self._last_listed
        if last is None or last.held != held or any(map(is_not, last.hosts, hosts)):
            holdings = [Holding(host, *each) for host, each in zip(hosts, held.values(), strict=True)]
            holdings.sort(key=lambda each: (each.host.name, each.host.host_id))
            last = self._last_listed = _Listed(held, hosts, holdings)
        return last.holdings

    def _begin(self, use: Use, schema: KnownSchema) -> None:
        self._uses[use.host, use.schema] = use
        newest = self._newest.get(use.host)
        if newest is None or newest.last_ms <= use.last_ms:
            self._newest[use.host] = use
        if use.schema not in self._numbers:
            self._numbers[use.schema] = self._index.add(schema.schema.series)
        before = self._held[use.host][0] if use.host in self._held else ()
        schemas = (*before, use.schema)
        self._held[use.host] = (schemas, self._all_of(schemas))

    def _all_of(self, schemas: Schemas) -> Numbers:
        together = self._together.get(schemas)
        if together is None:
            together = np.unique(np.concatenate([self._numbers[schema] for schema in schemas]))
            self._together[schemas] = together
        return together
