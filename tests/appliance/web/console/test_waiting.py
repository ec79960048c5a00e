"""The console of an aggregator that has no database."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import ASGIApp

from sysmon_appliance.domain.leadership import Role
from sysmon_appliance.domain.topology import Blocked
from sysmon_appliance.errors import ConflictError
from sysmon_appliance.services.steering import Steering
from sysmon_appliance.web.console import ViaSocket, waiting_app
from sysmon_appliance.web.console.guard import SECURITY_HEADERS
from tests.support.barrier import InstantBarrier
from tests.support.clock import ManualClock
from tests.support.topology import FOLLOWED, TopologyInMemory

BLOCKED = Blocked("found_database", "A database was found in /srv/secret/place.", "sysmon ha adopt")
WAITING = replace(FOLLOWED, role=Role.WAITING, epoch=0, age_ms=None, holder=None, blocked=BLOCKED)


@dataclass
class Waiting:
    topology: TopologyInMemory = field(default_factory=lambda: TopologyInMemory(WAITING))

    def _client(self, wrap: Callable[[ASGIApp], ASGIApp]) -> httpx2.AsyncClient:
        app = waiting_app(Steering(self.topology, InstantBarrier(), ManualClock()))
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(wrap(app)), base_url="http://sysmon")

    def browser(self) -> httpx2.AsyncClient:
        return self._client(lambda app: app)

    def operator(self) -> httpx2.AsyncClient:
        return self._client(ViaSocket)


@pytest.mark.parametrize(
    ("role", "word"), [(Role.WAITING, "decides"), (Role.TAKING_OVER, "about to lead"), (Role.STANDBY, "no copy")]
)
async def test_a_page_says_what_is_the_matter(role: Role, word: str) -> None:
    """Every page says why there is nothing to show, and loads itself again."""
    waiting = Waiting(TopologyInMemory(replace(WAITING, role=role)))
    async with waiting.browser() as browser:
        for path in ("/", "/hosts/abc", "/link/x"):
            answer = await browser.get(path)
            assert answer.status_code == 503
            assert word in answer.text
            assert 'http-equiv="refresh"' in answer.text
            assert answer.headers["content-security-policy"] == SECURITY_HEADERS["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/readyz", "/version", "/metrics", "/api/v1/ha", "/api/v1/fleet"])
async def test_strangers_hear_no_more_than_the_role(path: str) -> None:
    """What was found on disk is told to commands on this machine alone."""
    async with Waiting().browser() as browser:
        assert "secret" not in (await browser.get(path)).text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/ha"),
        ("POST", "/api/v1/ha/adopt"),
        ("POST", "/api/v1/ha/recover"),
        ("GET", "/api/v1/fleet"),
        ("POST", "/api/v1/session"),
        ("DELETE", "/api/v1/users/a"),
        ("POST", "/api/v1/ha"),
    ],
)
async def test_the_api_asks_for_patience(method: str, path: str) -> None:
    """Over the network the whole API answers that there is nothing yet, and nothing is ordered."""
    waiting = Waiting()
    async with waiting.browser() as browser:
        answer = await browser.request(method, path, headers={"x-sysmon": "1"})
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.headers["retry-after"] == "2"
    assert not waiting.topology.orders


async def test_probes_are_answered() -> None:
    """The process lives, is not ready, and tells Prometheus its role."""
    async with Waiting().browser() as browser:
        assert (await browser.get("/healthz")).text == "ok\n"
        ready = await browser.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert (await browser.get("/version")).json()["epoch"] == 0
        families = text_string_to_metric_families((await browser.get("/metrics")).text)
    roles = {sample.labels["role"]: sample.value for each in families for sample in each.samples if "role" in each.name}
    assert [role for role, value in roles.items() if value] == ["waiting"]


async def test_a_person_decides() -> None:
    """A command on this machine sees what was found, and may order what to lead with."""
    waiting = Waiting()
    async with waiting.operator() as operator:
        assert (await operator.get("/api/v1/ha")).json()["blocked"]["detail"] == BLOCKED.detail
        assert (await operator.post("/api/v1/ha/adopt")).status_code == 202
        assert (await operator.post("/api/v1/ha/recover", json={"path": "epoch-1"})).status_code == 202
        assert (await operator.post("/api/v1/ha/recover", json={"way": 1})).json()["code"] == "bad_request"
    assert waiting.topology.orders == ["adopt", "recover epoch-1"]


async def test_an_order_that_contradicts() -> None:
    """An order that cannot be followed is refused with the reason."""
    waiting = Waiting(TopologyInMemory(WAITING, error=ConflictError("There is a lineage.")))
    async with waiting.operator() as operator:
        answer = await operator.post("/api/v1/ha/adopt")
    assert (answer.status_code, answer.json()["detail"]) == (409, "There is a lineage.")
