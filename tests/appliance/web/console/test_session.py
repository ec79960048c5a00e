import pytest
from blockbuster import blockbuster_ctx

from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.domain.access import Visitor
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.web.console.sessions import cookie_name
from tests.support.console import OPERATOR, PASSWORD, Console

COOKIE = cookie_name(secure=False)
CREDENTIALS = {"user": "alice", "password": PASSWORD}


async def test_a_link_opens_the_console() -> None:
    """Opening the link that a command printed signs the browser in and shows the console."""
    console = Console()
    async with console.operator() as operator:
        made = await operator.post("/api/v1/links")
    assert made.status_code == 201
    url = made.json()["url"]
    assert url.startswith("http://127.0.0.1:7480/link/")
    async with console.browser() as browser:
        answer = await browser.get(url)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        session = (await browser.get("/api/v1/session")).json()
    assert (session["signed_in"], session["via"], session["role"]) == (True, "link", "admin")
    assert (session["name"], session["user"]) == ("operator", None)


async def test_what_a_browser_calls_itself_commands_no_terminal() -> None:
    """Control codes in a User-Agent do not reach whoever lists sessions."""
    console = Console()
    async with console.browser() as browser:
        await browser.get(f"/link/{await console.new_link()}", headers=[(b"user-agent", b"evil\x9b31m/1")])
        (session,) = (await browser.get("/api/v1/sessions")).json()["sessions"]
    assert session["agent"] == "evil31m/1"


async def test_the_cookie_is_kept_from_scripts_and_other_pages() -> None:
    """The session's cookie is for this console alone, and lasts as long as the session."""
    console = Console(settings=ConsoleSettings(session_seconds=600))
    async with console.browser() as browser:
        answer = await browser.get(f"/link/{await console.new_link()}")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=strict", "path=/", "max-age=600"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"


async def test_the_cookie_travels_over_tls_only_where_there_is_tls() -> None:
    """Where the console speaks TLS the cookie never travels without, and no other host can set one of its name."""
    console = Console(settings=ConsoleSettings(certificate="c"))
    async with console.browser() as browser:
        answer = await browser.get(f"https://127.0.0.1:7480/link/{await console.new_link()}")
    assert answer.headers["set-cookie"].startswith("__Host-sysmon_session=")
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("token", ["used", "wrong", "x" * 5000])
async def test_a_link_that_is_no_good(token: str) -> None:
    """A link that was used or never existed says how to get a new one, and signs nobody in."""
    console = Console()
    if token == "used":
        token = await console.new_link()
        await console.control.sessions.redeem(token, Visitor())
    async with console.browser() as browser:
        answer = await browser.get(f"/link/{token}")
        assert answer.status_code == 403
        assert "sysmon link" in answer.text
        assert "make up" in answer.text
        assert (await browser.get("/api/v1/session")).status_code == 401


async def test_looking_at_a_link_does_not_use_it_up() -> None:
    """A program that checks the link with HEAD leaves it to the person."""
    console = Console()
    link = f"/link/{await console.new_link()}"
    async with console.browser() as browser:
        assert (await browser.head(link)).status_code == 204
        assert (await browser.get(link)).status_code == 303


async def test_signing_in_with_a_password() -> None:
    """A user who signs in has a session that says who they are and what they may do."""
    console = Console()
    await console.add_user(role=Role.OPERATOR)
    async with console.as_user() as browser:
        session = (await browser.get("/api/v1/session")).json()
    assert (session["via"], session["name"], session["user"], session["role"]) == ("user", "alice", "alice", "operator")
    assert session["expires"] > console.clock.wall_ms()


@pytest.mark.parametrize("given", [{"password": "a wrong password"}, {"user": "bob"}, {"user": "Alice"}])
async def test_wrong_credentials(given: dict[str, str]) -> None:
    """Whoever does not know user and password is told nothing about which of them is wrong."""
    console = Console()
    await console.add_user()
    async with console.browser() as browser:
        answer = await browser.post("/api/v1/session", json=CREDENTIALS | given, headers={"x-sysmon": "1"})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_credentials")
    assert answer.json()["detail"] == "User and password do not belong together."
    assert "set-cookie" not in answer.headers


async def test_a_locked_out_address_is_told_when_to_come_back() -> None:
    """After too many failures the answer says in how many seconds the next attempt is heard."""
    console = Console()
    await console.add_user()
    async with console.browser() as browser:
        browser.headers["x-sysmon"] = "1"
        for _ in range(6):
            await browser.post("/api/v1/session", json=CREDENTIALS | {"password": "wrong"})
        answer = await browser.post("/api/v1/session", json=CREDENTIALS)
        assert (answer.status_code, answer.json()["code"]) == (429, "locked_out")
        console.clock.advance(int(answer.headers["retry-after"]))
        assert (await browser.post("/api/v1/session", json=CREDENTIALS)).status_code == 200


async def test_signing_in_rotates_the_session() -> None:
    """A browser that signs in again has another session, and the one before is worth nothing."""
    console = Console()
    await console.add_user()
    async with console.as_user() as browser:
        before = browser.cookies[COOKIE]
        await browser.post("/api/v1/session", json=CREDENTIALS)
        assert browser.cookies[COOKIE] != before
    async with console.browser() as thief:
        assert (await thief.get("/api/v1/session", headers={"cookie": f"{COOKIE}={before}"})).status_code == 401


async def test_signing_out() -> None:
    """After signing out the browser's session is worth nothing."""
    console = Console()
    async with console.signed_in() as browser:
        session = browser.cookies[COOKIE]
        answer = await browser.delete("/api/v1/session", headers={"x-sysmon": "1"})
        assert answer.json()["signed_in"] is False
        again = await browser.get("/api/v1/session", headers={"cookie": f"{COOKIE}={session}"})
    assert again.status_code == 401


async def test_only_the_socket_makes_links() -> None:
    """A browser that is signed in cannot let others in."""
    async with Console().signed_in() as browser:
        answer = await browser.post("/api/v1/links", headers={"x-sysmon": "1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_sessions_are_listed_and_ended() -> None:
    """Users see and end their own sessions; admins see and end everybody's."""
    console = Console()
    await console.add_user()
    await console.add_user("root", Role.ADMIN)
    async with console.as_user() as alice, console.as_user("root") as admin:
        own = (await alice.get("/api/v1/sessions")).json()["sessions"]
        assert {each["user"] for each in own} == {"alice"}
        assert [each["current"] for each in own].count(True) == 1
        every = (await admin.get("/api/v1/sessions")).json()["sessions"]
        assert {each["user"] for each in every} == {"alice", "root"}
        others = next(each["id"] for each in every if each["user"] == "root")
        assert (await alice.delete(f"/api/v1/sessions/{others}")).status_code == 404
        current = next(each["id"] for each in own if each["current"])
        assert (await admin.delete(f"/api/v1/sessions/{current}")).status_code == 204
        assert (await alice.get("/api/v1/session")).status_code == 401


async def test_signing_in_never_blocks_the_loop() -> None:
    """While a password is hashed, everything else goes on."""
    console = Console()
    await console.add_user()
    async with console.browser() as browser:
        with blockbuster_ctx():
            answer = await browser.post("/api/v1/session", json=CREDENTIALS, headers={"x-sysmon": "1"})
    assert answer.status_code == 200


async def test_a_body_that_is_none() -> None:
    """A body that is no such JSON is refused with what is wrong, and one without end is not read."""
    async with Console().browser() as browser:
        browser.headers["x-sysmon"] = "1"
        for body in (b"", b"{", b'{"user": 1, "password": ""}', b'{"user": "a", "password": "b", "more": 1}', b"\xff"):
            answer = await browser.post("/api/v1/session", content=body)
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
        answer = await browser.post("/api/v1/session", content=b"x" * 100_000)
        assert (answer.status_code, answer.json()["code"]) == (413, "oversized_message")


async def test_what_the_audit_log_hears() -> None:
    """Signing in and out is on record with who and from where, and without any secret."""
    console = Console()
    await console.add_user()
    async with console.as_user() as browser:
        secret = browser.cookies[COOKIE]
        await browser.delete("/api/v1/session")
    entries = console.barrier.audited
    assert [entry.action for entry in entries] == ["user.create", "user.accept", "session.start", "session.end"]
    assert [entry.actor for entry in entries] == [OPERATOR.actor, "user:alice", "user:alice", "user:alice"]
    assert entries[-1].origin == "127.0.0.1"
    assert secret not in repr(entries)
    assert PASSWORD not in repr(console.barrier.committed)
