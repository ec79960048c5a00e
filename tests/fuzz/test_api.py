"""No request that can be made from the description of the API is a server error or an answer that it does not name."""

from collections.abc import Callable, Iterator

import pytest

from sysmon_appliance.web.console.routes import API
from tests.fuzz.api import ENDLESS, ROLES, Api, serving_api

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
