from collections.abc import AsyncIterator

import pytest

from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.web.console.routes.session import Credentials
from sysmon_appliance.web.console.routes.users import FirstPassword, NewPassword
from sysmon_appliance.web.console.sessions import cookie_name
from tests.support.console import PASSWORD, URL, Console

NEW = "another fine password"


async def test_a_user_is_invited_and_sets_a_password() -> None:
    """An admin adds a user and gets an address; whoever opens it sets a password and is signed in."""
    console = Console()
    async with console.operator() as operator:
        made = await operator.post("/api/v1/users", json={"name": "alice", "role": "viewer"})
    assert made.status_code == 201
    assert (made.json()["user"]["invited"], made.json()["user"]["last_signed_in"]) == (True, None)
    token = made.json()["invitation"].removeprefix(f"{URL}/invite/")
    async with console.browser() as browser:
        browser.headers["x-sysmon"] = "1"
        shown = (await browser.get(f"/api/v1/invitations/{token}")).json()
        assert (shown["user"], shown["role"]) == ("alice", "viewer")
        weak = await browser.post(f"/api/v1/invitations/{token}", json={"password": "alice"})
        assert (weak.status_code, weak.json()["code"]) == (400, "weak_password")
        answer = await browser.post(f"/api/v1/invitations/{token}", json={"password": NEW})
        assert (answer.status_code, answer.json()["user"]) == (200, "alice")
        assert (await browser.get("/api/v1/session")).json()["via"] == "user"
        again = await browser.post(f"/api/v1/invitations/{token}", json={"password": NEW})
        assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_users_are_listed_changed_and_removed() -> None:
    """An admin sees all users, gives them other roles, shuts them out, and removes them."""
    console = Console()
    await console.add_user()
    async with console.operator() as operator:
        changed = await operator.patch("/api/v1/users/alice", json={"role": "operator", "disabled": True})
        assert (changed.json()["user"]["role"], changed.json()["user"]["disabled"]) == ("operator", True)
        assert [each["name"] for each in (await operator.get("/api/v1/users")).json()["users"]] == ["alice"]
        assert (await operator.delete("/api/v1/users/alice")).status_code == 204
        assert (await operator.delete("/api/v1/users/alice")).status_code == 404


async def test_the_last_admin_stays() -> None:
    """The last admin can neither be removed, nor shut out, nor given another role."""
    console = Console()
    await console.add_user("root", Role.ADMIN)
    async with console.operator() as operator:
        for answer in (
            await operator.delete("/api/v1/users/root"),
            await operator.patch("/api/v1/users/root", json={"disabled": True}),
            await operator.patch("/api/v1/users/root", json={"role": "viewer"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "viewer"}])
async def test_a_request_is_judged_when_it_is_complete(change: dict[str, object]) -> None:
    """Whoever is shut out or demoted while the body of their request is on its way changes nothing any more."""
    console = Console()
    await console.add_user("root", Role.ADMIN)
    await console.add_user("mallory", Role.ADMIN)

    async def held_back() -> AsyncIterator[bytes]:
        yield b'{"name": "backdoor", '
        async with console.operator() as operator:
            assert (await operator.patch("/api/v1/users/mallory", json=change)).status_code == 200
        yield b'"role": "admin"}'

    async with console.as_user("mallory") as mallory:
        late = await mallory.post("/api/v1/users", content=held_back())
    assert (late.status_code, late.json()["code"]) == (401, "sign_in")
    assert [user.name for user in console.control.users.all()] == ["mallory", "root"]


async def test_names_are_plain_and_given_once() -> None:
    """A name that could be mistaken for another, or is taken, is refused."""
    async with Console().operator() as operator:
        for name in ("", "Alice", "a b", "../x", "ä", "a" * 65):
            answer = await operator.post("/api/v1/users", json={"name": name, "role": "viewer"})
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
        await operator.post("/api/v1/users", json={"name": "alice", "role": "viewer"})
        answer = await operator.post("/api/v1/users", json={"name": "alice", "role": "admin"})
        assert (answer.status_code, answer.json()["code"]) == (409, "user_exists")


async def test_changing_a_password_ends_other_sessions() -> None:
    """A new password ends every session of its user; the browser that set it goes on with a new one."""
    console = Console()
    await console.add_user()
    async with console.as_user() as here, console.as_user() as elsewhere:
        before = here.cookies[cookie_name(secure=False)]
        wrong = await here.put("/api/v1/password", json={"current": "wrong", "new": NEW})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_credentials")
        assert (await here.put("/api/v1/password", json={"current": PASSWORD, "new": NEW})).status_code == 200
        assert here.cookies[cookie_name(secure=False)] != before
        assert (await here.get("/api/v1/session")).status_code == 200
        assert (await elsewhere.get("/api/v1/session")).status_code == 401


async def test_a_forgotten_password() -> None:
    """An admin invites a user anew; the password that was forgotten is good until another is set."""
    console = Console()
    await console.add_user()
    async with console.operator() as operator:
        made = await operator.post("/api/v1/users/alice/invitation")
    token = made.json()["invitation"].rpartition("/")[2]
    async with console.as_user() as before, console.browser() as browser:
        answer = await browser.post(f"/api/v1/invitations/{token}", json={"password": NEW}, headers={"x-sysmon": "1"})
        assert answer.status_code == 200
        assert (await before.get("/api/v1/session")).status_code == 401


async def test_another_role_asks_for_signing_in_again() -> None:
    """A user whose role changes signs in again; a token of theirs may at once do no more than they may."""
    console = Console()
    await console.add_user("alice", Role.ADMIN)
    await console.add_user("root", Role.ADMIN)
    text = await console.api_token("alice", Role.ADMIN)
    async with console.as_user() as browser, console.with_token(text) as program:
        assert (await program.get("/api/v1/users")).status_code == 200
        async with console.operator() as operator:
            await operator.patch("/api/v1/users/alice", json={"role": "viewer"})
        assert (await browser.get("/api/v1/session")).status_code == 401
        assert (await program.get("/api/v1/users")).status_code == 403
        assert (await program.get("/api/v1/session")).json()["role"] == "viewer"


@pytest.mark.parametrize(
    ("url", "expected"), [("", "http://localhost:9"), ("https://monitor.example/", "https://monitor.example")]
)
async def test_where_an_invitation_leads(url: str, expected: str) -> None:
    """An invitation leads to the configured address, or to where the admin who made it is."""
    console = Console(settings=ConsoleSettings(url=url))
    await console.add_user("root", Role.ADMIN)
    async with console.as_user("root") as admin:
        made = await admin.post(
            "/api/v1/users", json={"name": "bob", "role": "viewer"}, headers={"host": "localhost:9"}
        )
    assert made.json()["invitation"].startswith(f"{expected}/invite/")


def test_no_message_shows_a_password() -> None:
    """A body with a password in it does not show it when it is written out."""
    for body in (Credentials("alice", NEW), FirstPassword(NEW), NewPassword(PASSWORD, NEW)):
        assert "password" not in repr(body)
