"""Imports, from their beginning to what is stored of them."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from sysmon_agent.errors import MalformedMessage, OversizedMessage, SysmonError
from sysmon_agent.wire.encode import schema_hash
from sysmon_agent.wire.messages import Schema, Series
from sysmon_appliance.domain.changes import SaveHost, SaveSchema
from sysmon_appliance.domain.imports import MOST_BYTES, ImportState
from sysmon_appliance.domain.jobs import ImportSegments, Outcome
from sysmon_appliance.domain.segments import Level
from sysmon_appliance.domain.series import KeepUse
from sysmon_appliance.domain.state import State
from sysmon_appliance.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    StorageError,
    StorageFullError,
    TooManyError,
)
from sysmon_appliance.services.catalog import Catalog
from sysmon_appliance.services.import_storing import Bookkeeping, ImportStoring
from sysmon_appliance.services.import_values import ImportedSeries, ImportedValues, Value
from sysmon_appliance.services.imported_hosts import ImportedHosts
from sysmon_appliance.services.imports import Import, Imports
from sysmon_appliance.services.series import SeriesCatalog
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.console import OPERATOR
from tests.support.head import START_MS, host
from tests.support.staging import AreaInMemory
from tests.support.storage import ListManifest, segment
from tests.support.upkeep import Shelved

HOST = host(1, "web-1")
DAY_MS = 86_400_000
ID = "ab" * 16


class Region:
    """A region with one host, and what imports stand on."""

    def __init__(self, *, most_hosts: int = 100, series_per_host: int = 20) -> None:
        self.clock = ManualClock(wall_ms=START_MS)
        self.barrier = InstantBarrier()
        self.area = AreaInMemory()
        state = State("cluster", 1, hosts=[HOST], schemas=(), streams=(), next_batch=1)
        self.catalog = Catalog(state)
        self.series = SeriesCatalog(state, self.catalog, self.clock)
        self.shelved = Shelved(ListManifest(), self.barrier, self.clock)
        self.shelved.bench.outcome = Outcome(add=(segment(level=Level.SEALED, samples=3),))
        books = Bookkeeping(self.shelved.manifest, self.shelved.changes, self.catalog, self.series, self.barrier)
        self.imports = Imports(
            self.area,
            ImportStoring(books, runner=self.shelved.bench, workshop=self.shelved.bench),
            ImportedHosts(self.catalog, self.barrier, self.clock, most=most_hosts),
            barrier=self.barrier,
            clock=self.clock,
            series_per_host=series_per_host,
        )

    async def begin(self, *, create_hosts: bool = False) -> Import:
        return await self.imports.begin(OPERATOR, create_hosts=create_hosts)

    async def take(self, one: Import, given: ImportedValues) -> None:
        await self.imports.take(one.id, given, OPERATOR)

    async def stored(self, one: Import) -> Import:
        """Finish an import, and wait for its end."""
        await self.imports.finish(one.id, OPERATOR)
        await self.imports.step()
        return one


def values(
    *rows: list[Value], t: list[int] | None = None, metrics: list[str] | None = None, **named: str
) -> ImportedValues:
    """Values of metrics `a`, `b` and so on, a second apart."""
    names = metrics if metrics is not None else ["abcdef"[place] for place in range(len(rows))]
    times = t if t is not None else [START_MS + 1000 * place for place in range(len(rows[0]))]
    chosen = {"host": "web-1"} | named
    return ImportedValues(series=[ImportedSeries(name) for name in names], t=times, values=list(rows), **chosen)


async def test_values_are_held_until_they_are_finished() -> None:
    """Values wait apart; when all have come, segments are made and committed together with what is on record."""
    region = Region()
    one = await region.begin()
    await region.take(one, values([1.0, None], [2.0, "Inf"]))
    assert (one.state, one.values) == (ImportState.OPEN, 3)
    assert not region.shelved.manifest.all()
    await region.stored(one)
    assert (one.state, one.stored, one.values) == (ImportState.DONE, 3, 3)
    assert len(region.shelved.manifest.all()) == 1
    assert region.area.begun[one.id].discarded
    assert [entry.action for entry in region.barrier.audited] == ["import.start"]
    [use, record] = region.shelved.changes.also
    assert isinstance(use, KeepUse)
    assert (use.host, use.first_ms, use.last_ms) == (HOST.key, START_MS, START_MS + 1000)
    assert record.action == "import.finish"  # type: ignore[attr-defined] # an AppendAudit
    assert record.after == {"values": 3, "hosts": ["web-1"], "hosts_in_all": 1}  # type: ignore[attr-defined]


async def test_series_of_an_import_are_found() -> None:
    """What was imported is in the series catalogue, once, with its times."""
    region = Region()
    for start in (START_MS, START_MS - DAY_MS):
        one = await region.begin()
        await region.take(one, values([1.0], metrics=["a"], t=[start]))
        await region.stored(one)
    schema = Schema((Series("a"),))
    known = region.catalog.schema(schema_hash(schema))
    assert known is not None
    assert known.schema == schema
    assert region.series.span(HOST.key, [known.key]) == (START_MS - DAY_MS, START_MS)
    assert [change.schema.key for change in region.barrier.committed if isinstance(change, SaveSchema)] == [
        known.key
    ] * 2


async def test_a_list_of_series_that_is_not_saved_is_forgotten() -> None:
    """Where its series cannot be saved, an import fails, and no agent can refer to them."""
    region = Region()
    one = await region.begin()
    await region.take(one, values([1.0]))
    region.barrier.error = StorageFullError("The disk is full.")
    await region.stored(one)
    assert (one.state, one.problem) == (ImportState.FAILED, "The disk is full.")
    assert region.catalog.schema(schema_hash(Schema((Series("a"),)))) is None
    assert not region.shelved.manifest.all()


async def test_nothing_new_is_nothing_stored() -> None:
    """Where all ticks were there already, the import is done and no series is."""
    region = Region()
    region.shelved.bench.outcome = Outcome()
    one = await region.begin()
    await region.take(one, values([1.0]))
    await region.stored(one)
    assert (one.state, one.stored) == (ImportState.DONE, 0)
    assert not region.series.holdings()().hosts


@pytest.mark.parametrize("error", [StorageError("There is no room."), RuntimeError("a fault")])
async def test_a_failure_is_told(error: Exception) -> None:
    """An import that cannot be stored has failed, says why, and holds nothing any more."""
    region = Region()
    region.shelved.bench.error = error
    one = await region.begin()
    await region.take(one, values([1.0]))
    await region.stored(one)
    assert one.state is ImportState.FAILED
    assert one.problem == (str(error) if isinstance(error, SysmonError) else "The import failed; the log says why.")
    assert region.area.begun[one.id].discarded
    region.shelved.bench.error = None
    another = await region.begin()
    await region.take(another, values([1.0]))
    assert (await region.stored(another)).state is ImportState.DONE


async def test_what_lies_beside_and_is_damaged_is_set_aside() -> None:
    """A damaged segment is set aside, one of a later release is left out, and the import goes on without both."""
    region = Region()
    damaged, foreign = (
        segment(day=START_MS // DAY_MS, name=name, hosts=(1, 5)) for name in ("damaged.sqlite", "foreign.sqlite")
    )
    others = [segment(day=1, name="old.sqlite"), segment(day=START_MS // DAY_MS, hosts=(2, 3), name="others.sqlite")]
    region.shelved.manifest.segments += [damaged, foreign, *others]
    bench = region.shelved.bench
    bench.turns = [Outcome(damaged=(damaged.name,)), Outcome(foreign=(foreign.name,))]
    one = await region.begin()
    await region.take(one, values([1.0]))
    assert (await region.stored(one)).state is ImportState.DONE
    beside = [[each.name for each in job.beside] for job in bench.jobs if isinstance(job, ImportSegments)]
    assert beside == [[damaged.name, foreign.name], [foreign.name], []]
    assert region.shelved.changes.aside == [(damaged.name, True)]


async def test_values_are_put_in_order() -> None:
    """Times may come in any order; of one time what came first stays."""
    region = Region()
    one = await region.begin()
    await region.take(one, values([3.0, 1.0, 9.0], t=[START_MS, START_MS - 5, START_MS]))
    [(_, schema, t, held)] = region.area.begun[one.id].held
    assert (t.tolist(), held.tolist()) == ([START_MS - 5, START_MS], [[1.0, 3.0]])
    assert schema == Schema((Series("a"),))


async def test_special_values_are_held_as_they_are() -> None:
    """Infinities, negative zero and numbers of every size are kept to the bit."""
    region = Region()
    one = await region.begin()
    row: list[Value] = ["Inf", "-Inf", -0.0, 5e-324, 1.7976931348623157e308]
    await region.take(one, values(row))
    [(*_, held)] = region.area.begun[one.id].held
    expected = np.array([[np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308]])
    assert held.tobytes() == expected.tobytes()


def many(count: int) -> list[list[Value]]:
    return [[1.0]] * count


REFUSED: list[tuple[ImportedValues, type[SysmonError], str]] = [
    (values([]), BadRequestError, "There are no values"),
    (values(t=[START_MS]), BadRequestError, "There are no values"),
    (values([1.0], metrics=["a", "b"]), BadRequestError, "a list for each series"),
    (values([1.0, 2.0], t=[START_MS]), BadRequestError, "a value for each time"),
    (values([1.0], t=[-1]), BadRequestError, "before 1970"),
    (values([1.0], t=[START_MS + 2 * DAY_MS]), BadRequestError, "in the future"),
    (values([1.0], t=[1 << 80]), BadRequestError, "in the future"),
    (values([1.0], metrics=[""]), MalformedMessage, "A name is empty"),
    (values([1.0], metrics=["x" * 5000]), OversizedMessage, "bytes"),
    (values([1.0], [2.0], metrics=["a", "a"]), MalformedMessage, "the same"),
    (values(*many(21), metrics=[f"m{n}" for n in range(21)]), OversizedMessage, "21 series"),
    (values([1.0], host="nobody"), NotFoundError, "no host 'nobody'"),
]


@pytest.mark.parametrize(("given", "error", "says"), REFUSED)
async def test_what_cannot_be_is_refused(given: ImportedValues, error: type[SysmonError], says: str) -> None:
    """Values of an impossible shape, time, series or host are refused, and the import goes on without them."""
    region = Region()
    one = await region.begin()
    with pytest.raises(error, match=says):
        await region.take(one, given)
    assert not region.area.begun[one.id].held
    await region.take(one, values([1.0], t=[0]))
    assert one.values == 1


async def test_limits_hold_over_all_of_an_import() -> None:
    """Series and days are counted over all requests, not in each alone."""
    region = Region()
    one = await region.begin()
    await region.take(one, values(*many(15), metrics=[f"m{n}" for n in range(15)]))
    with pytest.raises(TooManyError, match="more than 20 series"):
        await region.take(one, values(*many(15), metrics=[f"n{n}" for n in range(15)]))
    days = [DAY_MS * day for day in range(3700)]
    with pytest.raises(TooManyError, match="3700 days"):
        await region.take(one, values([1.0] * 3700, t=days))


async def test_imports_hold_no_more_than_they_may() -> None:
    """Where imports hold as much as they may, values are refused until one is over."""
    region = Region()
    one, other = await region.begin(), await region.begin()
    region.area.begun[one.id].bytes = MOST_BYTES
    await region.take(one, values([1.0]))
    for each in (one, other):
        with pytest.raises(TooManyError, match="4 GiB"):
            await region.take(each, values([1.0]))
    await region.imports.cancel(one.id, OPERATOR)
    await region.take(other, values([1.0]))


async def test_few_imports_are_under_way() -> None:
    """There are eight imports at one time; one that is over makes room."""
    region = Region()
    begun = [await region.begin() for _ in range(8)]
    with pytest.raises(TooManyError, match="8 imports"):
        await region.begin()
    await region.imports.cancel(begun[0].id, OPERATOR)
    await region.begin()


async def test_a_disk_that_fills_up_ends_the_import() -> None:
    """Where values cannot be held the import has failed, and its room is free."""
    region = Region()
    one = await region.begin()
    region.area.begun[one.id].error = StorageError("Values cannot be held.")
    with pytest.raises(StorageError):
        await region.take(one, values([1.0]))
    assert (one.state, one.problem) == (ImportState.FAILED, "Values cannot be held.")
    with pytest.raises(ConflictError):
        await region.take(one, values([1.0]))
    assert region.area.begun[one.id].discarded


async def test_an_import_ends_once() -> None:
    """What is finished takes no more values, cannot be finished again, and cannot be dropped while it is stored."""
    region = Region()
    one = await region.begin()
    with pytest.raises(BadRequestError, match="no values"):
        await region.imports.finish(one.id, OPERATOR)
    await region.take(one, values([1.0]))
    await region.imports.finish(one.id, OPERATOR)
    for again in (
        region.take(one, values([1.0])),
        region.imports.finish(one.id, OPERATOR),
        region.imports.cancel(one.id, OPERATOR),
    ):
        with pytest.raises(ConflictError):
            await again


async def test_an_import_is_dropped() -> None:
    """What is dropped is gone, with what it held, and that is on record."""
    region = Region()
    one = await region.begin()
    await region.take(one, values([1.0]))
    await region.imports.cancel(one.id, OPERATOR)
    assert region.area.begun[one.id].discarded
    assert [(entry.action, entry.target) for entry in region.barrier.audited][-1] == ("import.cancel", one.id)
    with pytest.raises(NotFoundError):
        region.imports.find(one.id)


async def test_values_that_come_while_an_import_is_dropped_are_not_held() -> None:
    """A request that was on its way when its import was dropped is refused, and leaves nothing."""
    region = Region()
    one = await region.begin()
    taking = asyncio.create_task(region.take(one, values([1.0])))
    await asyncio.sleep(0)  # it has found the import by now
    await region.imports.cancel(one.id, OPERATOR)
    with pytest.raises(ConflictError):
        await taking
    assert not region.area.begun[one.id].held


async def test_an_import_that_nobody_finishes_is_forgotten() -> None:
    """After a day without values an import is dropped; one to which values come stays."""
    region = Region()
    idle, busy = await region.begin(), await region.begin()
    region.clock.advance(80_000)
    await region.take(busy, values([1.0]))
    region.clock.advance(10_000)
    await region.imports.forget()
    assert region.imports.find(busy.id) is busy
    assert region.area.begun[idle.id].discarded
    with pytest.raises(NotFoundError):
        region.imports.find(idle.id)


async def test_hosts_are_made_where_that_was_asked_for() -> None:
    """A host that is not known is made once, with the id that it had, as one of which there is history alone."""
    region = Region()
    one = await region.begin(create_hosts=True)
    for _ in range(2):
        await region.take(one, values([1.0, 2.0], host="db-1", host_id=ID))
    [made] = [change.host for change in region.barrier.committed if isinstance(change, SaveHost)]
    assert (made.host_id, made.name, made.first_seen_ms, made.interval_ms) == (ID, "db-1", START_MS, 1000)
    assert ("sysmon.imported", "true") in made.facts
    assert region.catalog.find(ID) == made
    assert [(entry.action, entry.target) for entry in region.barrier.audited][-1] == ("host.create", ID)


async def test_a_host_keeps_its_name_and_gets_an_id() -> None:
    """Without an id a host gets one, and is found by its name from then on."""
    region = Region()
    one = await region.begin(create_hosts=True)
    await region.take(one, values([1.0], host="db-1"))
    await region.take(one, values([1.0], host="db-1"))
    assert [each.name for each in region.catalog.all()] == ["web-1", "db-1"]


async def test_a_host_is_known_by_its_id_before_its_name() -> None:
    """The id counts where a host has it, else the name, so history finds a host that has enrolled anew."""
    region = Region()
    one = await region.begin(create_hosts=True)
    await region.take(one, values([1.0], host="another name", host_id=HOST.host_id))
    await region.take(one, values([1.0], host="web-1", host_id=ID))
    assert {each.key for each, *_ in region.area.begun[one.id].held} == {HOST.key}
    assert len(list(region.catalog.all())) == 1


async def test_a_name_of_several_hosts_is_no_host() -> None:
    """Where several hosts have the name, nobody is guessed."""
    region = Region()
    region.catalog.put(replace(host(2), name="web-1"))
    one = await region.begin(create_hosts=True)
    with pytest.raises(BadRequestError, match="2 hosts are called 'web-1'"):
        await region.take(one, values([1.0]))


@pytest.mark.parametrize(
    ("name", "host_id", "says"),
    [
        ("", "", "No host can be called ''"),
        ("a\nb", "", "No host can be called"),
        ("x" * 254, "", "No host can be called"),
        ("db-1", "../../etc", "no id of a host"),
        ("db-1", "AB" * 16, "no id of a host"),
    ],
)
async def test_hosts_are_not_made_of_anything(name: str, host_id: str, says: str) -> None:
    """Names and ids that no host can have make none."""
    region = Region()
    one = await region.begin(create_hosts=True)
    with pytest.raises(BadRequestError, match=says):
        await region.take(one, values([1.0], host=name, host_id=host_id))


async def test_a_full_region_makes_no_hosts() -> None:
    """There are no more hosts than there may be."""
    region = Region(most_hosts=1)
    one = await region.begin(create_hosts=True)
    with pytest.raises(TooManyError, match="1 hosts already"):
        await region.take(one, values([1.0], host="db-1"))


async def test_a_host_that_is_not_saved_is_none() -> None:
    """A host that cannot be saved is not shown, and its values are not held."""
    region = Region()
    one = await region.begin(create_hosts=True)
    region.barrier.error = StorageFullError("The disk is full.")
    with pytest.raises(StorageFullError):
        await region.take(one, values([1.0], host="db-1", host_id=ID))
    assert region.catalog.find(ID) is None
    assert not region.area.begun[one.id].held


async def test_requests_at_one_time_make_one_host() -> None:
    """Several imports that bring the same new host at once share it."""
    region = Region()
    begun = [await region.begin(create_hosts=True) for _ in range(4)]
    await asyncio.gather(*(region.take(one, values([1.0], host="db-1")) for one in begun))
    assert [each.name for each in region.catalog.all()] == ["web-1", "db-1"]
