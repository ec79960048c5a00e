"""What becomes of an import's values once all have come: segments, and series that can be found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.encode import schema_hash
from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.changes import Change, SaveSchema
from sysmon_appliance.domain.jobs import ImportSegments, JobRunner, Outcome
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.segments import DAY_MS, Kind, ManifestReader, ManifestWriter, Segment
from sysmon_appliance.domain.series import KeepUse, Use
from sysmon_appliance.domain.storekeeping import JobName, Workshop
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.import_values import Block
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.services.settling import commit


@dataclass(slots=True)
class Holding:
    """What an import holds of one host."""

    name: str
    first_ms: int
    last_ms: int
    values: int = 0
    series: set[Series] = field(default_factory=set)
    days: set[int] = field(default_factory=set)  # since 1970

    def take(self, block: Block) -> None:
        self.first_ms = min(self.first_ms, int(block.t[0]))
        self.last_ms = max(self.last_ms, int(block.t[-1]))
        self.values += block.count
        self.series.update(block.schema.series)
        self.days |= block.days


@dataclass(frozen=True, slots=True)
class Bookkeeping:
    """Where it is kept which segments there are, and who has which series."""

    manifest: ManifestReader
    changes: ManifestWriter
    catalog: Catalog
    series: SeriesCatalog
    barrier: Barrier


class ImportStoring:
    """Has segments made of what imports hold, and commits them. Belongs to the event loop."""

    def __init__(self, books: Bookkeeping, *, runner: JobRunner, workshop: Workshop) -> None:
        self._books = books
        self._runner = runner
        self._workshop = workshop

    async def store(self, files: Sequence[Path], held: Mapping[int, Holding], record: Change) -> int:
        """Store what files hold of hosts, and put it on record; return how many values had no place yet.

        Raises
        ------
        BadRequestError, StorageError, StoreUnreachableError, RefusedError
            Nothing of it is stored.
        """
        async with self._workshop.alone(JobName.IMPORT):
            outcome = await self._outcome(files, held)
            uses = [await self._use(host, holding) for host, holding in held.items()] if outcome.add else []
            changes = [KeepUse(use.host, use.schema, use.first_ms, use.last_ms) for use, _ in uses]
            await self._books.changes.swap(outcome.add, also=(*changes, record))
        for use, schema in uses:
            self._books.series.keep(use, schema)
        return sum(segment.samples for segment in outcome.add)

    async def _outcome(self, files: Sequence[Path], held: Mapping[int, Holding]) -> Outcome:
        """Have segments made; what lies beside and cannot be read is left out of it."""
        unreadable: set[str] = set()
        while True:
            beside = self._beside(held, unreadable)
            job = ImportSegments(tuple(map(str, files)), self._books.changes.sealed_up_to, beside)
            outcome = await self._runner.run(job, self._workshop.progress)
            if unreadable.issuperset([*outcome.damaged, *outcome.foreign]):
                return outcome
            unreadable.update(outcome.damaged, outcome.foreign)
            for name in outcome.damaged:
                await self._books.changes.set_aside(name, damaged=True)

    def _beside(self, held: Mapping[int, Holding], unreadable: Collection[str]) -> tuple[Segment, ...]:
        days = set().union(*(holding.days for holding in held.values()))
        from_ms, to_ms = min(days) * DAY_MS, (max(days) + 1) * DAY_MS - 1
        return tuple(
            one
            for one in self._books.manifest.all()
            if one.kind is not Kind.TABLES
            and not one.damaged_ms
            and one.name not in unreadable
            and any(one.first_host <= host <= one.last_host for host in held)
            and not days.isdisjoint(one.days_within(from_ms, to_ms))
        )

    async def _use(self, host: int, holding: Holding) -> tuple[Use, KnownSchema]:
        """Return that a host has used all its series, as a list that is saved."""
        schema = Schema(tuple(sorted(holding.series, key=lambda one: (one.metric, one.attributes))))
        known = await self._saved(schema)
        return Use(host, known.key, holding.first_ms, holding.last_ms), known

    async def _saved(self, schema: Schema) -> KnownSchema:
        """Save a list of series; one that is known may still be on its way."""
        catalog, name = self._books.catalog, schema_hash(schema)
        known = catalog.schema(name)
        if known is not None:
            await commit(self._books.barrier, (SaveSchema(known),))
            return known
        learnt = catalog.learn(name, schema)

        def settle(error: SysmonError | None) -> None:  # at once: an agent must not use what was never saved
            if error is not None:
                catalog.forget(learnt)

        await commit(self._books.barrier, (SaveSchema(learnt),), settle)
        return learnt
