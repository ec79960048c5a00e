"""No request that can be made from the description of the API is a server error or an answer that it does not name."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace

import pytest
from schemathesis.core.failures import FailureGroup

from sysmon_appliance.web.console.routes import API
from tests.fuzz.api import ENDLESS, ROLES, Api, serving_api
from tests.support.documented import documented_codes

EXAMPLES = 10
ROUTES = [(route.method, route.path) for route in API if (route.method, route.path) != ENDLESS]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving_api(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_each_route_keeps_its_word(
    api: Api, method: str, path: str, record_property: Callable[[str, object], None]
) -> None:
    """Whoever asks whatever, status and code are ones that the description names, and never a server error."""
    before = api.statuses.total()
    for role in ROLES:
        api.try_route(method, path, role, EXAMPLES)
    record_property("inputs", api.statuses.total() - before)


def test_every_route_is_described(api: Api) -> None:
    """The description names each route of the API, so that none is left out here."""
    assert {(route.method, route.path) for route in API} <= set(api.routes())


def test_an_undescribed_status_is_found(api: Api) -> None:
    """An answer whose status the description lacks fails the check."""
    description = deepcopy(api.description)
    del description["paths"]["/api/v1/hosts/{id}"]["get"]["responses"]["404"]
    with pytest.raises(FailureGroup, match="Undocumented status code"):
        replace(api, description=description).try_route("GET", "/api/v1/hosts/{id}", "viewer", EXAMPLES)


def test_an_undescribed_code_is_found(api: Api) -> None:
    """An answer whose code the description lacks fails the check, though the description has its status."""
    description = deepcopy(api.description)
    missing = description["paths"]["/api/v1/hosts/{id}"]["get"]["responses"]["404"]
    documented_codes(missing)[:] = ["conflict"]
    with pytest.raises(FailureGroup, match="Response violates schema"):
        replace(api, description=description).try_route("GET", "/api/v1/hosts/{id}", "viewer", EXAMPLES)
