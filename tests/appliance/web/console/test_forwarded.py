"""Requests that a standby passes on, from a browser there to the leader's answer, over mutual TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_appliance.domain.principals import Role
from sysmon_appliance.web.console.sessions import cookie_name
from sysmon_appliance.web.peer_wire import HEADER, Forwarded
from tests.support.console import OPERATOR, PASSWORD
from tests.support.peers import STANDBY_URL, Leader, leading, standby_console

WRITE = {"x-sysmon": "1"}
ALICE = {"user": "alice", "password": PASSWORD}


@pytest.fixture
def leader(tmp_path: Path) -> Iterator[Leader]:
    with leading(tmp_path) as made:
        yield made


def add_alice(leader: Leader, role: Role) -> None:
    leader.run(leader.console.add_user("alice", role))


def bearer(leader: Leader, role: Role) -> dict[str, str]:
    token = leader.run(leader.console.api_token("alice", role))
    return {"authorization": f"Bearer {token}"}


async def test_signing_in_at_a_standby(leader: Leader) -> None:
    """Whoever signs in at a standby gets a session of the leader's, in a cookie that fits the standby's address."""
    add_alice(leader, Role.VIEWER)
    before = leader.console.control.sessions.of(OPERATOR)
    async with leader.standby(standby_console()) as browser:
        answer = await browser.post("/api/v1/session", json=ALICE, headers=WRITE)
        assert answer.status_code == 200
        assert len(leader.console.control.sessions.of(OPERATOR)) == len(before) + 1
        assert answer.headers["set-cookie"].startswith(f"{cookie_name(secure=True)}=")
        assert (await browser.delete("/api/v1/session", headers=WRITE)).json()["signed_in"] is False
    assert leader.console.control.sessions.of(OPERATOR) == before


async def test_a_link_opens_any_console(leader: Leader) -> None:
    """A one-time link of the leader's opens the console at a standby, and only once."""
    token = leader.run(leader.console.new_link())
    async with leader.standby(standby_console()) as browser:
        answer = await browser.get(f"/link/{token}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await browser.get(f"/link/{token}")).status_code == 403


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.ADMIN, 201)])
async def test_roles_are_the_leaders_to_judge(leader: Leader, role: Role, status: int) -> None:
    """A standby passes on what anybody asks, and the leader does it for those who may."""
    add_alice(leader, role)
    async with leader.standby(standby_console()) as client:
        answer = await client.post(
            "/api/v1/users", json={"name": "bob", "role": "viewer"}, headers=bearer(leader, role)
        )
    assert answer.status_code == status


async def test_the_audit_log_names_the_browser(leader: Leader) -> None:
    """What was changed through a standby is recorded with the address from which it was asked for."""
    add_alice(leader, Role.ADMIN)
    async with leader.standby(standby_console()) as client:
        headers = bearer(leader, Role.ADMIN)
        await client.post("/api/v1/users", json={"name": "bob", "role": "viewer"}, headers=headers)
    assert leader.console.barrier.audited[-1].origin == "192.0.2.7"


async def test_addresses_that_are_answered_are_the_standbys(leader: Leader) -> None:
    """An invitation that is made at a standby leads to the console where it was asked for."""
    add_alice(leader, Role.ADMIN)
    async with leader.standby(standby_console()) as client:
        headers = bearer(leader, Role.ADMIN)
        answer = await client.post("/api/v1/users", json={"name": "bob", "role": "viewer"}, headers=headers)
    assert answer.json()["invitation"].startswith(f"{STANDBY_URL}/invite/")


async def test_a_command_on_a_standbys_machine(leader: Leader) -> None:
    """A command over a standby's Unix socket may do what one at the leader may, and is recorded with its machine."""
    async with leader.standby(standby_console(), via_socket=True) as client:
        answer = await client.post("/api/v1/links", headers=WRITE)
    assert answer.json()["url"].startswith(f"{STANDBY_URL}/link/")
    entry = leader.console.barrier.audited[-1]
    assert (entry.actor, entry.origin) == ("socket:operator@agg-2", "")


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-sysmon": "1", "origin": "https://evil.example"}, {"x-sysmon": "1", "host": "evil.example"}],
    ids=["no header", "another page", "another name"],
)
async def test_pages_elsewhere_change_nothing(leader: Leader, headers: dict[str, str]) -> None:
    """A request from another site is refused at a standby as it is at the leader, whatever cookie comes with it."""
    add_alice(leader, Role.ADMIN)
    async with leader.standby(standby_console()) as browser:
        await browser.post("/api/v1/session", json=ALICE, headers=WRITE)
        before = len(leader.console.barrier.committed)
        answer = await browser.post("/api/v1/users", json={"name": "bob", "role": "viewer"}, headers=headers)
    assert answer.json()["code"] in {"forbidden", "wrong_host"}
    assert len(leader.console.barrier.committed) == before


async def test_a_repeated_request_is_answered_once(leader: Leader) -> None:
    """An Idempotency-Key counts at the leader, through whichever aggregator it comes."""
    add_alice(leader, Role.ADMIN)
    headers = bearer(leader, Role.ADMIN) | {"idempotency-key": "once"}
    body = {"name": "bob", "role": "viewer"}
    async with leader.standby(standby_console()) as one, leader.standby(standby_console()) as other:
        first = await one.post("/api/v1/users", json=body, headers=headers)
        assert (await other.post("/api/v1/users", json=body, headers=headers)).json() == first.json()


async def test_limits_count_the_browser(leader: Leader) -> None:
    """Attempts to sign in are counted by the browser's address, so that one browser locks out nobody else's."""
    add_alice(leader, Role.VIEWER)
    limit = leader.console.limits.sign_ins_per_minute
    async with leader.standby(standby_console()) as browser:
        answer = await browser.post("/api/v1/session", json=ALICE, headers=WRITE)
    assert answer.headers["ratelimit"].startswith(f'"sign_in";r={limit - 1};')
    local = leader.raw(leader.certificate)
    other = {HEADER.decode(): Forwarded("192.0.2.8", "https", STANDBY_URL).header().decode()} | WRITE
    assert local.ask("POST", "/v1/forwarded/api/v1/session", b"{}", other).status == 400
    local.close()
    assert leader.console.requests.sign_in("192.0.2.8").remaining == limit - 2


async def test_nobody_passes_themselves_on(leader: Leader) -> None:
    """What a browser says of having been passed on is believed neither by a standby nor by the leader."""
    claimed = Forwarded("10.9.9.9", "https", "https://evil.example", account="root").header().decode()
    add_alice(leader, Role.ADMIN)
    headers = bearer(leader, Role.ADMIN) | {HEADER.decode(): claimed, "sysmon-mark": "999"}
    async with leader.standby(standby_console()) as client:
        answer = await client.post("/api/v1/users", json={"name": "bob", "role": "viewer"}, headers=headers)
        assert answer.json()["invitation"].startswith(STANDBY_URL)
    entry = leader.console.barrier.audited[-1]
    assert (entry.actor, entry.origin) == ("token:alice/script", "192.0.2.7")
    async with leader.console.browser() as browser:
        answer = await browser.post("/api/v1/links", headers={HEADER.decode(): claimed} | WRITE)
    assert answer.json()["code"] == "sign_in"
