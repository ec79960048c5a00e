"""Problems that routes name and that hardly anybody meets."""

from typing import NoReturn

import httpx2
import pytest

from sysmon_agent.errors import IdentityError, SysmonError
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.errors import NoIssuerError, StoreUnreachableError
from sysmon_appliance.services.api_tokens import MAX_TOKENS
from sysmon_appliance.services.users import MAX_USERS
from tests.support.console import OPERATOR, PASSWORD, Console
from tests.support.fake_issuer import ISSUER
from tests.support.head import NoSegments, host
from tests.support.letting_in import an_applicant


@pytest.fixture
def console() -> Console:
    return Console()


def said(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/hosts/compare?host=nowhere"),
        ("GET", "/events?host=nowhere"),
        ("PATCH", "/users/nobody"),
        ("POST", "/certificates/ff/revoke"),
        ("POST", "/hosts/nowhere/revoke"),
    ],
)
async def test_what_is_not_there_is_not_found(console: Console, method: str, path: str) -> None:
    """A host, a user or a certificate that nobody knows is not found, wherever it is named."""
    async with console.operator() as operator:
        answer = await operator.request(method, f"/api/v1{path}", json=None if method == "GET" else {})
    assert said(answer) == (404, "not_found")


class NoAnswer(NoSegments):
    """Segments in an object store that is down."""

    def of_host(self, host: int, from_ms: int, to_ms: int) -> NoReturn:
        raise StoreUnreachableError(f"Host {host} from {from_ms} to {to_ms}: the object store does not answer.")


@pytest.mark.parametrize("question", ["range?metric=system.memory.usage", "charts?"])
async def test_history_that_cannot_be_fetched_is_no_gap(question: str) -> None:
    """Where segments are in an object store that does not answer, that is said, and nothing is left out silently."""
    async with Console(hosts=[host()], segments=NoAnswer()).operator() as operator:
        answer = await operator.get(f"/api/v1/hosts/{host().host_id}/{question}&from=0&to=1000000000")
    assert said(answer) == (503, "store_unreachable")


async def test_there_may_be_so_many_users(console: Console) -> None:
    """Where there are as many users as there may be, no other is added."""
    for number in range(MAX_USERS):
        await console.control.users.create(OPERATOR, f"user{number}", Role.VIEWER)
    async with console.operator() as operator:
        answer = await operator.post("/api/v1/users", json={"name": "alice", "role": "viewer"})
    assert said(answer) == (409, "too_many")


async def test_somebody_may_have_so_many_api_tokens(console: Console) -> None:
    """Where somebody has as many API tokens as they may, no other is made."""
    for _ in range(MAX_TOKENS):
        await console.api_token()
    async with console.operator() as operator:
        wanted = {"name": "script", "role": "viewer", "expires_seconds": 3600}
        answer = await operator.post("/api/v1/api-tokens", json=wanted)
    assert said(answer) == (409, "too_many")


async def test_a_new_password_is_judged(console: Console) -> None:
    """A user cannot change the password to one that is easily guessed."""
    await console.add_user()
    async with console.as_user() as user:
        answer = await user.put("/api/v1/password", json={"current": PASSWORD, "new": "password"})
    assert said(answer) == (400, "weak_password")


async def test_a_session_guesses_no_password(console: Console) -> None:
    """Whoever has got hold of a session meets the same brake as whoever signs in."""
    await console.add_user()
    async with console.as_user() as thief:
        for _ in range(6):
            answer = await thief.put("/api/v1/password", json={"current": "a guess", "new": PASSWORD})
            assert said(answer) == (401, "bad_credentials")
        answer = await thief.put("/api/v1/password", json={"current": PASSWORD, "new": PASSWORD})
    assert said(answer) == (429, "locked_out")


async def test_a_rejected_host_is_not_approved(console: Console) -> None:
    """A request that was rejected stays so; the host has to ask anew."""
    async with console.operator() as operator:
        token = (await operator.post("/api/v1/tokens", json={"approval": True})).json()
        await console.identity.enrolment.enrol(token["secret"], an_applicant("k1"))
        (waiting,) = (await operator.get("/api/v1/enrolments")).json()["enrolments"]
        await operator.post(f"/api/v1/enrolments/{waiting['id']}/reject")
        answer = await operator.post(f"/api/v1/enrolments/{waiting['id']}/approve")
    assert said(answer) == (409, "conflict")


async def test_a_revoked_issuer_vouches_for_no_roots(console: Console) -> None:
    """Once its intermediate is revoked, an aggregator does not tell strangers whom to trust."""
    async with console.operator() as operator:
        await operator.post(f"/api/v1/issuers/{ISSUER.name}/revoke", json={})
        answer = await operator.get("/api/v1/authority")
    assert said(answer) == (503, "no_issuer")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (IdentityError("The intermediate is gone.", hint="sysmon-aggregator pki show"), (409, "identity")),
        (NoIssuerError("The intermediate is not valid now."), (503, "no_issuer")),
    ],
)
async def test_a_rotation_needs_usable_files(console: Console, error: SysmonError, expected: tuple[int, str]) -> None:
    """What is in place and cannot be used is no fault of the aggregator; the answer says what is wrong."""
    console.own.error = error
    async with console.operator() as operator:
        answer = await operator.post("/api/v1/certificates/rotate", json={})
    assert said(answer) == expected
    assert answer.json()["detail"] == error.message
