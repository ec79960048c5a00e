"""Imports over the API."""

from typing import Any

import pytest

from sysmon_appliance.domain.jobs import Outcome
from sysmon_appliance.domain.principals import Role
from tests.support.console import Console
from tests.support.head import START_MS, host
from tests.support.storage import segment

IMPORTS = "/api/v1/imports"
VALUES = {
    "host": "host-1",
    "series": [{"metric": "system.uptime", "attributes": {}}],
    "t": [START_MS, START_MS + 1000],
    "values": [[1.5, "Inf"]],
}


def a_console() -> Console:
    console = Console([host(1)])
    console.shelved.bench.outcome = Outcome(add=(segment(samples=2),))
    return console


async def test_an_import_from_its_beginning_to_its_end() -> None:
    """An import is begun, gets values, is finished, and says what was stored."""
    console = a_console()
    async with console.operator() as client:
        begun = await client.post(IMPORTS, json={})
        assert begun.status_code == 201
        path = f"{IMPORTS}/{begun.json()['id']}"
        taken = await client.post(f"{path}/values", json=VALUES)
        assert (taken.status_code, taken.json()["values"]) == (200, 2)
        finished = await client.post(f"{path}/finish")
        assert (finished.status_code, finished.json()["state"]) == (202, "storing")
        await console.imports.step()
        shown = (await client.get(path)).json()
    assert {key: shown[key] for key in ("state", "values", "stored", "problem")} == {
        "state": "done",
        "values": 2,
        "stored": 2,
        "problem": "",
    }


async def test_an_import_is_dropped() -> None:
    """What is dropped is not found any more."""
    async with a_console().operator() as client:
        path = f"{IMPORTS}/{(await client.post(IMPORTS, json={})).json()['id']}"
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404
        assert (await client.post(f"{path}/values", json=VALUES)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"host": "nobody"}, "not_found"),
        ({"t": [START_MS]}, "bad_request"),
        ({"t": ["now", "then"]}, "bad_request"),
        ({"t": [1.5, 2.5]}, "bad_request"),
        ({"values": [["Infinity", 1]]}, "bad_request"),
        ({"values": [[True, 1]]}, "bad_request"),
        ({"values": None}, "bad_request"),
        ({"series": [{"metric": ""}]}, "malformed_message"),
        ({"more": 1}, "bad_request"),
    ],
)
async def test_what_is_malformed_is_refused(changes: dict[str, Any], code: str) -> None:
    """What is no request of an import is refused with the code that says so."""
    async with a_console().operator() as client:
        path = f"{IMPORTS}/{(await client.post(IMPORTS, json={})).json()['id']}"
        answer = await client.post(f"{path}/values", json=VALUES | changes)
    assert answer.json()["code"] == code


@pytest.mark.parametrize("body", [b"", b"[" * 100_000, b'{"host": "\\ud800"}', b"\xff", b"{}", b'{"t": [1e999]}'])
async def test_any_bytes_are_refused(body: bytes) -> None:
    """Bytes that are no request make no fault."""
    async with a_console().operator() as client:
        path = f"{IMPORTS}/{(await client.post(IMPORTS, json={})).json()['id']}"
        answer = await client.post(f"{path}/values", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_values_may_have_a_mebibyte() -> None:
    """A body of values may be larger than those of other routes, and no larger than it says."""
    many = {**VALUES, "t": list(range(START_MS - 40_000, START_MS)), "values": [[0.123456789] * 40_000]}
    async with a_console().operator() as client:
        path = f"{IMPORTS}/{(await client.post(IMPORTS, json={})).json()['id']}"
        assert (await client.post(f"{path}/values", json=many)).json()["values"] == 40_000
        refused = await client.post(f"{path}/values", content=b" " * (1 << 20) + b"{}")
        assert (refused.status_code, refused.json()["code"]) == (413, "oversized_message")
        assert (await client.post(IMPORTS, content=b" " * (1 << 17))).status_code == 413


async def test_viewers_import_nothing() -> None:
    """Imports are for operators."""
    console = a_console()
    await console.add_user(role=Role.VIEWER)
    async with console.as_user() as client:
        assert (await client.post(IMPORTS, json={})).status_code == 403
