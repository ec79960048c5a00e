import pytest

from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.domain.ledger import LedgerEntry
from sysmon_appliance.web.console.app import base_url, host_names
from sysmon_appliance.web.console.guard import SECURITY_HEADERS, host_name
from tests.support.console import Console
from tests.support.head import Ledger


@pytest.mark.parametrize("path", ["/api/v1/fleet", "/api/v1/session", "/api/v1/events", "/api/v1/nowhere"])
async def test_the_api_needs_a_session(path: str) -> None:
    """Without a session the API tells nothing, not even which routes there are."""
    async with Console().browser() as browser:
        answer = await browser.get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in")
    assert answer.json()["hint"] == "sysmon link"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/version", "/"])
async def test_what_needs_no_session(path: str) -> None:
    """Health, metrics, version and the page itself hold no data of hosts and need no session."""
    async with Console().browser() as browser:
        assert (await browser.get(path)).status_code in {200, 503}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:7480",
        "127.0.0.1.evil.example",
        "",
        "[::2]:7480",
        "[::1",
        "localhost:@evil.example",
        "localhost:80/evil.example",
    ],
)
async def test_other_names_are_refused(host: str) -> None:
    """A page elsewhere cannot reach the console through a name of its own, whatever it asks for."""
    async with Console().signed_in() as browser:
        for path in ("/", "/api/v1/fleet", "/link/x", "/healthz"):
            answer = await browser.get(path, headers={"host": host})
            assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")


@pytest.mark.parametrize("host", ["localhost:7480", "127.0.0.1:1", "127.0.0.1", "[::1]:7480", "LOCALHOST"])
async def test_names_of_this_machine(host: str) -> None:
    """The console answers under every name of this machine's loopback."""
    async with Console().browser() as browser:
        assert (await browser.get("/healthz", headers={"host": host})).status_code == 200


async def test_a_configured_name() -> None:
    """A console that listens on a name of its own answers under it, and under loopback's."""
    console = Console(settings=ConsoleSettings(listen="monitor.example:7480"))
    async with console.browser() as browser:
        for host, status in (("monitor.example:7480", 200), ("localhost", 200), ("other.example", 421)):
            assert (await browser.get("/healthz", headers={"host": host})).status_code == status


async def test_changes_need_the_header() -> None:
    """A page elsewhere cannot change anything, because it cannot send the header that changes need."""
    async with Console().signed_in() as browser:
        refused = await browser.delete("/api/v1/session")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert (await browser.delete("/api/v1/session", headers={"x-sysmon": "1"})).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:7480", 200),
        ("http://evil.example", 403),
        ("http://127.0.0.1:8080", 403),
        ("null", 403),
        ("", 403),
        ("http://[", 403),
        ("http://evil.example@127.0.0.1:7480", 403),
    ],
)
async def test_changes_come_from_pages_of_this_console(origin: str, status: int) -> None:
    """A page of another origin, be it on the same machine, changes nothing."""
    async with Console().signed_in() as browser:
        answer = await browser.delete("/api/v1/session", headers={"x-sysmon": "1", "origin": origin})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("settings", "users", "hint"),
    [
        (ConsoleSettings(), False, "sysmon link"),
        (ConsoleSettings(certificate="c"), False, "sysmon users create NAME --role admin"),
        (ConsoleSettings(certificate="c", url="https://m.example"), True, "sysmon login https://m.example"),
    ],
)
async def test_the_way_in(settings: ConsoleSettings, users: bool, hint: str) -> None:  # noqa: FBT001 - a table
    """Whoever is not signed in is told the command that lets them in here."""
    console = Console(settings=settings)
    if users:
        await console.add_user()
    async with console.browser() as browser:
        answer = await browser.get("/api/v1/session")
    assert (answer.status_code, answer.json()["hint"]) == (401, hint)


@pytest.mark.parametrize(
    ("path", "headers", "last"),
    [
        ("/api/v1/session", {}, True),
        ("/api/v1/session", {"x-sysmon-unattended": "1"}, False),
        ("/api/v1/events", {}, False),
    ],
)
async def test_what_keeps_a_session(path: str, headers: dict[str, str], last: bool) -> None:  # noqa: FBT001 - a table
    """People keep a session from going idle; what a page asks for by itself, and streams of events, do not."""
    console = Console()
    async with console.signed_in() as browser:
        for _ in range(2):
            console.clock.advance(console.settings.session_idle_seconds / 2)
            answered = await browser.head(path, headers=headers)
    assert (answered.status_code == 200) is last


async def test_nothing_of_the_api_is_cached() -> None:
    """No answer below /api/, errors and empty ones included, may be kept by a browser or anything on the way."""
    async with Console().signed_in() as browser:
        browser.headers["x-sysmon"] = "1"
        for method, path in (("GET", "session"), ("GET", "nowhere"), ("DELETE", "sessions/x"), ("HEAD", "events")):
            answer = await browser.request(method, f"/api/v1/{path}")
            assert answer.headers["cache-control"] == "no-store"
        assert (await browser.get("/metrics")).headers.get("cache-control") is None


async def test_the_socket_is_the_operator() -> None:
    """Commands on this machine need neither session nor host name nor header."""
    async with Console().operator() as operator:
        session = (await operator.get("/api/v1/session")).json()
        assert (session["via"], session["role"], session["expires"]) == ("socket", "admin", None)
        assert (await operator.get("/api/v1/fleet", headers={"host": "anything"})).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/fleet", "/api/v1/nowhere", "/healthz", "/link/x"])
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    """Every answer, refusals too, keeps the browser from loading anything from elsewhere."""
    async with Console().browser() as browser:
        answer = await browser.get(path)
    assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_a_fault_of_ours_is_a_problem_document() -> None:
    """When a route fails, the answer says so in the usual form and gives nothing away."""

    class BrokenLedger(Ledger):
        def entries(self) -> list[LedgerEntry]:
            raise RuntimeError("a secret")

    console = Console(ledger=BrokenLedger())
    async with console.signed_in() as browser:
        answer = await browser.get("/api/v1/ledger")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


async def test_a_method_that_a_route_lacks() -> None:
    """A method that a route does not have is refused as such."""
    async with Console().operator() as operator:
        answer = await operator.put("/api/v1/fleet")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("host", "name"),
    [("a:1", "a"), ("A", "a"), ("[::1]:1", "::1"), ("[::1]", "::1"), ("127.0.0.1:", "127.0.0.1"), ("", "")],
)
def test_host_names(host: str, name: str) -> None:
    """The port is no part of a host's name."""
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("settings", "url", "names"),
    [
        (ConsoleSettings(listen="127.0.0.1:7480"), "http://127.0.0.1:7480", {"localhost"}),
        (ConsoleSettings(listen="[::1]:7481"), "http://[::1]:7481", {"localhost"}),
        (ConsoleSettings(listen="0.0.0.0:7480", certificate="c"), "https://localhost:7480", set()),
        (ConsoleSettings(listen="m.example:443", certificate="c"), "https://m.example:443", {"m.example"}),
    ],
)
def test_addresses(settings: ConsoleSettings, url: str, names: set[str]) -> None:
    """Links name the address that the console listens on; on all addresses TLS vouches for the name."""
    assert (base_url(settings), host_names(settings)) == (url, frozenset(names))
