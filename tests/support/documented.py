"""Whether an answer is one that the API's description names."""

from functools import cache
from typing import Any

import httpx2
from starlette.routing import compile_path

from sysmon_appliance.web.console.routes import API
from sysmon_appliance.web.console.routes.openapi import document
from sysmon_appliance.web.problems import MEDIA_TYPE

_PATHS = [(route.method, route.path, compile_path(route.path)[0]) for route in API]


async def check_documented(answer: httpx2.Response) -> None:
    """Fail where a route of the API answers with a status or a code that its description lacks; a hook of clients.

    Faults of the aggregator's own are no part of the description.
    """
    operation = _operation(answer.request.method, answer.request.url.path)
    if operation is None or answer.status_code == 500:
        return
    named = operation["responses"]
    assert str(answer.status_code) in named, f"{answer.request.url.path} answers {answer.status_code}, unannounced"
    if answer.headers.get("content-type") == MEDIA_TYPE:
        await answer.aread()
        code = answer.json()["code"]
        assert code in documented_codes(named[str(answer.status_code)]), f"{answer.request.url.path}: {code}"


def documented_codes(response: dict[str, Any]) -> list[str]:
    """Return the codes that a response of the description names."""
    codes: list[str] = response["content"][MEDIA_TYPE]["schema"]["properties"]["code"]["enum"]
    return codes


def _operation(method: str, path: str) -> dict[str, Any] | None:
    """Find what is said of the route that answers; None where none does."""
    for known, template, pattern in _PATHS:
        if known == method and pattern.match(path):
            operation: dict[str, Any] = _description()["paths"][template][method.lower()]
            return operation
    return None


@cache
def _description() -> dict[str, Any]:
    return document(API)
