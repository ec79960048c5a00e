"""Which problems a route is said to answer with."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from sysmon_appliance.web.console.api import ApiRoute, Call
from sysmon_appliance.web.console.route_problems import problems_of
from sysmon_appliance.web.console.routes import API
from sysmon_appliance.web.problems import MEDIA_TYPE
from tests.support.documented import check_documented

BY_ROUTE = {(route.method, route.path): problems_of(route) for route in API}
LEAST = {400: ["bad_request"], 421: ["wrong_host"]}
SOON = {503: ["not_ready"]}
CHANGED = {
    421: ["not_leader", "wrong_host"],
    503: ["leader_unreachable", "not_durable", "not_ready", "storage_failed"],
    507: ["storage_full"],
}


async def nothing(_: Call) -> Response:
    return Response()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        pytest.param("GET", "/healthz", LEAST, id="a probe"),
        pytest.param(
            "GET", "/api/v1/ledger", LEAST | SOON | {401: ["sign_in"], 429: ["rate_limited"]}, id="what any role reads"
        ),
        pytest.param(
            "GET",
            "/api/v1/users",
            LEAST | SOON | {401: ["sign_in"], 403: ["forbidden"], 429: ["rate_limited"]},
            id="what some roles read",
        ),
        pytest.param(
            "DELETE",
            "/api/v1/session",
            LEAST | CHANGED | {401: ["sign_in"], 403: ["forbidden"], 429: ["rate_limited"]},
            id="what changes something",
        ),
        pytest.param(
            "POST",
            "/api/v1/users",
            LEAST
            | CHANGED
            | {401: ["sign_in"], 403: ["forbidden"], 413: ["oversized_message"], 429: ["rate_limited"]}
            | {409: ["idempotency_conflict", "too_many", "user_exists"]},
            id="what makes something of a body",
        ),
    ],
)
def test_what_a_declaration_entails(method: str, path: str, expected: dict[int, list[str]]) -> None:
    """Who may ask, what is sent and whether something changes say most of what can go wrong."""
    assert BY_ROUTE[method, path] == expected


def test_nothing_is_declared_that_follows() -> None:
    """A route declares only what cannot be known without it."""
    for route in API:
        entailed = {code for codes in problems_of(replace(route, problems=())).values() for code in codes}
        assert not entailed & set(route.problems), route.path


def test_an_unknown_problem_is_refused() -> None:
    """A route cannot be made with a code that no problem has."""
    with pytest.raises(ValueError, match="no_such_code"):
        ApiRoute("GET", "/healthz", "Alive.", nothing, "text/plain", problems=("no_such_code",))


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/api/v1/hosts", 404, "not_found"), ("/api/v1/hosts", 401, "bad_credentials")],
)
async def test_what_is_not_named_is_noticed(path: str, status: int, code: str) -> None:
    """Every client of these tests fails at an answer whose status or code the description lacks."""
    asked = httpx2.Request("GET", f"http://sysmon{path}")
    problem: dict[str, Any] = {"code": code}
    answer = httpx2.Response(status, json=problem, headers={"content-type": MEDIA_TYPE}, request=asked)
    with pytest.raises(AssertionError, match=path):
        await check_documented(answer)
