"""Requests that the OpenAPI description allows or forbids, sent as each role."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples_like
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sysmon_appliance.config import LimitSettings
from tests.support.aggregator import settings_in
from tests.support.aggregator_thread import running_in_a_thread

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROLES = ("nobody", "viewer", "operator", "admin")
ENDLESS = ("GET", "/api/v1/events")
"""Its answer does not end."""


@dataclass
class Api:
    """The API of a running aggregator, with a token for each role."""

    url: str
    description: dict[str, Any]
    tokens: dict[str, str]
    statuses: Counter[int] = field(default_factory=Counter)

    def try_all(self, examples: int) -> None:
        """Try every route as every role, and as nobody."""
        for method, path in self.routes():
            if (method, path) != ENDLESS:
                for role in ROLES:
                    self.try_route(method, path, role, examples)

    def routes(self) -> list[tuple[str, str]]:
        paths = self.description["paths"].items()
        return [(method.upper(), path) for path, methods in paths for method in methods]

    def try_route(self, method: str, path: str, role: str, examples: int) -> None:
        """Send generated requests to one route as one role; whatever is wrong with an answer is raised."""
        schema = schemathesis.openapi.from_dict(self.description)
        headers = {"authorization": f"Bearer {self.tokens[role]}"} if role in self.tokens else {"x-sysmon": "1"}

        @given(case=schema[path][method].as_strategy())
        @examples_like(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def send(case: Case[Any]) -> None:
            with requests.Session() as session:
                answer = case.call_and_validate(self.url, session, headers, CHECKS)
            self.statuses[answer.status_code] += 1

        send()


@contextmanager
def serving_api(folder: Path) -> Iterator[Api]:
    """Run a whole aggregator that lets one client ask as often as it likes."""
    limits = LimitSettings(requests_per_minute=1_000_000, sign_ins_per_minute=100_000)
    settings = replace(settings_in(folder), limits=limits)
    with running_in_a_thread(settings) as aggregator:
        yield _open(f"http://{aggregator.console_address}", settings.console.socket)


def _open(url: str, socket: str) -> Api:
    """Read the description, and make a token for each role, as a command on the aggregator's machine does."""
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=socket), base_url="http://localhost") as operator:
        tokens = {}
        for role in ROLES[1:]:
            made = operator.post("/api/v1/api-tokens", json={"name": role, "role": role, "expires_seconds": 3600})
            tokens[role] = made.raise_for_status().json()["secret"]
        description = operator.get("/api/v1/openapi.json").raise_for_status().json()
    return Api(url, description, tokens)
