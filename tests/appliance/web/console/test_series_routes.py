"""Series over HTTP."""

import pytest

from tests.support.console import Console
from tests.support.head import START_MS, batch, host, schema, series

LINES = schema(series("system.uptime"), series("system.cpu.time", cpu="0", state="user"))


@pytest.fixture
def console() -> Console:
    console = Console([host(1, "web-1"), host(2, "db-1", labels=(("role", "db"),))])
    for key in (1, 2):
        console.store(batch(LINES, [(START_MS, [1.0, 2.0]), (START_MS + 1000, [1.0, 2.0])], host=key))
    return console


async def test_series_are_found_by_matchers(console: Console) -> None:
    """A selector may name metric, attributes and labels of hosts; several are united."""
    match = ['system.cpu.time{role="db"}', '{host="web-1",__name__=~".*uptime"}']
    async with console.operator() as client:
        page = (await client.get("/api/v1/series", params={"match": match})).json()
    assert page["total"] == 2
    assert page["next"] is None
    assert page["series"][0] == {
        "host": {"id": host(2).host_id, "name": "db-1"},
        "metric": "system.cpu.time",
        "attributes": {"cpu": "0", "state": "user"},
        "first": START_MS,
        "last": START_MS + 1000,
    }
    assert page["series"][1]["metric"] == "system.uptime"


async def test_series_come_in_pages(console: Console) -> None:
    """A page says where the next one begins."""
    async with console.operator() as client:
        first = (await client.get("/api/v1/series", params={"limit": 3})).json()
        second = (await client.get("/api/v1/series", params={"limit": 3, "cursor": first["next"]})).json()
    assert (len(first["series"]), len(second["series"]), first["total"]) == (3, 1, 4)
    assert second["next"] is None


async def test_series_of_one_host(console: Console) -> None:
    """A host is chosen by its name too; one that is not there is not found."""
    async with console.operator() as client:
        page = (await client.get("/api/v1/series", params={"host": "web-1"})).json()
        missing = await client.get("/api/v1/series", params={"host": "nobody"})
    assert {row["host"]["name"] for row in page["series"]} == {"web-1"}
    assert missing.status_code == 404


@pytest.mark.parametrize("match", ["{", 'a{b=~"("}', '{a="b"'])
async def test_what_is_no_selector_is_refused(console: Console, match: str) -> None:
    """A selector that cannot be read is a bad request with a command that works."""
    async with console.operator() as client:
        answer = await client.get("/api/v1/series", params={"match": match})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["hint"].startswith("sysmon series list ")


async def test_the_report_of_cardinality(console: Console) -> None:
    """Totals, limits, and the hosts, metrics and keys with the most series."""
    async with console.operator() as client:
        report = (await client.get("/api/v1/series/cardinality", params={"limit": 1})).json()
    assert report == {
        "total": 4,
        "active": 4,
        "limit_per_host": 20_000,
        "new_per_host_per_day": 50_000,
        "hosts": [{"id": host(2).host_id, "name": "db-1", "series": 2, "active": 2}],
        "metrics": [{"metric": "system.cpu.time", "series": 2}],
        "attributes": [{"key": "cpu", "values": 1, "series": 2}],
    }
