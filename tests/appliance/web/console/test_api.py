import json
from typing import Any

import pytest

from sysmon_agent.names import PROCESS_TABLE
from sysmon_agent.wire.messages import Column, ColumnKind, Gap, GapReason, TableRows, TableSchema
from sysmon_appliance.domain.canonical import NAMES
from sysmon_appliance.domain.charts import CHARTS
from tests.support.console import Console
from tests.support.head import START_MS, batch, facts, host, machine, schema

TABLE = TableSchema(PROCESS_TABLE, (Column("pid"), Column("name", ColumnKind.TEXT), Column("read")))


@pytest.fixture
def console() -> Console:
    """A host with ten ticks, a gap before the last five, and a process table in each."""
    made = Console([host(1, "db-1", labels=facts(role="db"), facts=facts(os="linux")), host(2, "web-1")])
    known = schema(*machine(), tables=(TABLE,))
    count = len(known.schema.series)
    for number in (0, 1, 2, 3, 4, 10, 11, 12, 13, 14):
        made.clock.wall = START_MS + 10_000 * number
        rows = TableRows((1,), ([float(number)], ["init"], [float("nan")]))
        skipped = (Gap(6, 10, GapReason.AGENT_DOWN),) if number == 10 else ()
        values = [10.0 * number + place for place in range(count)]
        made.store(batch(known, [(made.clock.wall, values)], skipped=skipped, tables=(rows,)))
    return made


async def ask(console: Console, path: str, status: int = 200) -> Any:
    async with console.signed_in() as browser:
        answer = await browser.get("/api/v1" + path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_fleet(console: Console) -> None:
    """The fleet route answers with every host, filtered, sorted and cut as asked."""
    page = await ask(console, "/fleet?selector=role=db&sort=-cpu&limit=5")
    assert page["metrics"] == list(NAMES)
    assert [each["name"] for each in page["hosts"]] == ["db-1"]
    assert page["summary"]["up"] + page["summary"]["down"] == 2


async def test_hosts(console: Console) -> None:
    """The hosts route answers with what is known of each host, a page at a time."""
    page = await ask(console, "/hosts?limit=1")
    (found,) = page["hosts"]
    assert (found["name"], found["labels"], found["facts"]) == ("db-1", {"role": "db"}, {"os": "linux"})
    assert set(found["latest"]) == set(NAMES)
    following = await ask(console, f"/hosts?limit=1&cursor={page['next']}")
    assert ([each["name"] for each in following["hosts"]], following["next"]) == (["web-1"], None)


async def test_a_host(console: Console) -> None:
    """A host is shown by its name as well as by its id."""
    by_name = await ask(console, "/hosts/db-1")
    assert by_name == await ask(console, f"/hosts/{1:032x}")
    assert len(by_name["series"]) == len(machine())


async def test_an_unknown_host(console: Console) -> None:
    """A host that does not exist is answered with the command that lists those that do."""
    for path in ("", "/range?metric=system.uptime", "/charts", "/processes"):
        problem = await ask(console, f"/hosts/nobody{path}", 404)
        assert (problem["code"], problem["hint"]) == ("not_found", "sysmon hosts list")


async def test_compare(console: Console) -> None:
    """Hosts are compared side by side; what one does not have is null."""
    answer = await ask(console, "/hosts/compare?host=db-1&host=web-1&metric=memory&metric=hw.temperature")
    assert [each["name"] for each in answer["hosts"]] == ["db-1", "web-1"]
    assert [row["metric"] for row in answer["rows"]] == ["memory", "hw.temperature"]
    assert answer["rows"][0]["values"][1] is None
    assert answer["rows"][0]["delta"] == [None, None]


async def test_range(console: Console) -> None:
    """A range of a metric has times, series, and gaps with their reasons; what has no value is null."""
    start, end = START_MS, START_MS + 140_000
    answer = await ask(
        console, f"/hosts/db-1/range?metric=system.network.io&by=network.io.direction&from={start}&to={end}"
    )
    assert (answer["unit"], answer["as"], answer["from"], answer["to"]) == ("By/s", "rate", start, end)
    assert [each["attributes"] for each in answer["series"]] == [
        {"network.io.direction": "receive"},
        {"network.io.direction": "transmit"},
    ]
    assert answer["series"][0]["values"] == [None, 1.0, 1.0, 1.0, 1.0, None, None, 1.0, 1.0, 1.0, 1.0]
    assert [(t - START_MS) // 1000 for t in answer["t"]] == [0, 10, 20, 30, 40, 70, 100, 110, 120, 130, 140]
    assert answer["gaps"] == [{"from": start + 40_000, "to": start + 100_000, "reason": "agent_down"}]


async def test_range_chosen_and_as_it_counts(console: Console) -> None:
    """Series are chosen by their attributes, and counters are given as they count when asked for."""
    answer = await ask(
        console,
        f"/hosts/db-1/range?metric=system.cpu.time&attribute=cpu.mode:user&attribute=cpu.logical_number:1"
        f"&as=value&from={START_MS}&to={START_MS + 5000}",
    )
    assert (answer["unit"], answer["as"]) == ("s", "value")
    assert answer["series"] == [
        {"attributes": {"cpu.logical_number": "1", "cpu.mode": "user"}, "values": [8.0]},
    ]


async def test_charts(console: Console) -> None:
    """All charts of a host come in one answer and share their times."""
    answer = await ask(console, f"/hosts/db-1/charts?from={START_MS}&to={START_MS + 140_000}&points=100")
    assert list(answer["charts"]) == [chart.name for chart in CHARTS]
    assert answer["charts"]["cpu"]["unit"] == "ratio"
    lengths = {len(line["values"]) for chart in answer["charts"].values() for line in chart["series"]}
    assert lengths == {len(answer["t"])}
    assert [gap["reason"] for gap in answer["gaps"]] == ["agent_down"]


async def test_processes(console: Console) -> None:
    """The process table is that of the moment asked for; a number that is not known is null."""
    answer = await ask(console, f"/hosts/db-1/processes?at={START_MS + 25_000}")
    assert answer == {
        "at": START_MS + 20_000,
        "columns": ["pid", "name", "read"],
        "rows": [[2.0, "init", None]],
    }
    assert (await ask(console, "/hosts/web-1/processes"))["at"] is None


async def test_top_processes(console: Console) -> None:
    """Of a while the processes that used most are told; what is not known is null."""
    answer = await ask(console, f"/hosts/db-1/processes/top?from={START_MS}&to={START_MS + 25_000}&by=io&limit=2")
    assert (answer["from"], answer["to"], answer["ticks"]) == (START_MS, START_MS + 25_000, 3)
    assert len(answer["processes"]) == 2
    unknown = {name for name, value in answer["processes"][0].items() if value is None}
    assert unknown == {"started", "cpu_seconds", "cpu_max", "memory_max", "read_bytes", "written_bytes"}
    assert (await ask(console, "/hosts/web-1/processes/top"))["processes"] == []


async def test_ledger(console: Console) -> None:
    """The ledger lists every host."""
    answer = await ask(console, "/ledger")
    assert answer["total"] == {"stored": 0, "missing": 0, "by_reason": {}}
    assert [each["name"] for each in answer["hosts"]] == ["db-1", "web-1"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/fleet?sort=colour", "'sort' must be one of name"),
        ("/fleet?selector=a%20b", "term 'a b'"),
        ("/hosts?limit=0", "'limit' must be"),
        ("/hosts?cursor=zzz", "cursor"),
        ("/hosts/compare", "'host' is missing"),
        ("/hosts/compare?" + "&".join(["host=db-1"] * 21), "20 times"),
        ("/hosts/db-1/range", "'metric' is missing"),
        ("/hosts/db-1/range?metric=system.uptime&points=5001", "'points' must be"),
        ("/hosts/db-1/range?metric=system.uptime&attribute=nonsense", "KEY:VALUE"),
        ("/hosts/db-1/range?metric=system.uptime&from=5&to=5", "'from' must lie before 'to'"),
        ("/hosts/db-1/range?metric=system.uptime&from=0", "10 years"),
        ("/hosts/db-1/charts?as=value", "no parameter 'as'"),
        ("/hosts/db-1/processes?at=now", "'at' must be"),
        ("/hosts/db-1/processes/top?by=age", "'by' must be one of cpu, memory, io"),
        ("/hosts/db-1/processes/top?from=5&to=5", "'from' must lie before 'to'"),
        ("/fleet?selector=" + "a," * 5000, "longer than"),
    ],
)
async def test_what_is_refused(console: Console, path: str, words: str) -> None:
    """A request that cannot be answered is refused with what is wrong and what is allowed."""
    problem = await ask(console, path, 400)
    assert problem["code"] == "bad_request"
    assert words in problem["detail"]


async def test_unknown_metrics(console: Console) -> None:
    """A metric that does not exist is not found."""
    assert (await ask(console, "/hosts/db-1/range?metric=nonsense", 404))["code"] == "not_found"


async def test_the_description_is_complete(console: Console) -> None:
    """The API describes every route that it serves, with parameters and the shape of answers."""
    document = await ask(console, "/openapi.json")
    served = {route.path for route in console.app.routes if route.path.startswith("/api/")}  # type: ignore[attr-defined]
    assert served <= set(document["paths"])
    points = document["paths"]["/api/v1/hosts/{id}/range"]["get"]["parameters"]
    assert {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}} in points
    assert "FleetPage" in document["components"]["schemas"]
    for reference in set(json.dumps(document).split('"$ref": "#/components/schemas/')[1:]):
        assert reference.partition('"')[0] in document["components"]["schemas"]
