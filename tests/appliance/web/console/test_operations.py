from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sysmon_agent.wire.messages import GapReason
from sysmon_appliance.domain.ledger import LedgerEntry
from tests.support.console import Console
from tests.support.head import HEALTHY, START_MS, batch, host, schema, series


@pytest.fixture
def console() -> Console:
    made = Console([host(1), host(2)])
    made.store(batch(schema(series("system.uptime")), [(START_MS, (5.0,))]))
    made.ledger.accounts = [LedgerEntry(1, "a", 5, 3, {GapReason.OVERRUN: 2})]
    return made


async def samples(console: Console) -> dict[tuple[str, ...], float]:
    async with console.browser() as browser:
        text = (await browser.get("/metrics")).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics(console: Console) -> None:
    """Prometheus is told of hosts, of what was stored and what is missing, and of the database."""
    console.clock.advance(3600)
    console.telemetry.observe_commit(0.02)
    found = await samples(console)
    assert found["sysmon_hosts", "down"] == 2
    assert found["sysmon_stored_samples_total",] == 1
    assert found["sysmon_ledger_missing_ticks", "overrun"] == 2
    assert found["sysmon_database_free_bytes",] == HEALTHY.free_bytes
    assert found["sysmon_commit_seconds_count",] == 1
    assert found["sysmon_epoch",] == 3


async def test_requests_are_counted_by_route(console: Console) -> None:
    """Requests are counted by route, not by address, so that their number stays small."""
    async with console.operator() as operator:
        for name in ("host-1", "host-2", "nobody"):
            await operator.get(f"/api/v1/hosts/{name}")
    found = await samples(console)
    assert found["sysmon_http_requests_total", "/api/v1/hosts/{id}", "200"] == 2
    assert found["sysmon_http_requests_total", "/api/v1/hosts/{id}", "404"] == 1


@pytest.mark.parametrize(
    ("writable", "free_bytes", "status", "failed"),
    [(True, 1 << 30, 200, []), (False, 1 << 30, 503, ["database"]), (True, 1 << 20, 503, ["disk"])],
)
async def test_readiness(  # noqa: PLR0917 - a table of expectations
    console: Console,
    writable: bool,  # noqa: FBT001
    free_bytes: int,
    status: int,
    failed: list[str],
) -> None:
    """The aggregator is ready while it can store; when it cannot, it says why."""
    console.health.now = replace(HEALTHY, writable=writable, detail="Locked.", free_bytes=free_bytes)
    async with console.browser() as browser:
        answer = await browser.get("/readyz")
    assert answer.status_code == status
    assert [check["name"] for check in answer.json()["checks"] if not check["ok"]] == failed


async def test_before_the_first_commit(console: Console) -> None:
    """An aggregator that has not committed anything yet is ready all the same."""
    console.health.now = replace(HEALTHY, last_commit_ms=None)
    async with console.browser() as browser:
        answer = await browser.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


async def test_health_and_version(console: Console) -> None:
    """The aggregator says that it lives, and which version it is."""
    async with console.browser() as browser:
        assert (await browser.get("/healthz")).text == "ok\n"
        version = (await browser.get("/version")).json()
    assert (version["protocol"], version["epoch"]) == (1, 3)
