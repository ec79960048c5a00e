import stat
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from sysmon_appliance.config import ConsoleSettings
from sysmon_appliance.domain.access import Grant
from sysmon_appliance.web.console import SessionFile
from sysmon_appliance.web.console.routes.session import COOKIE
from tests.support.console import Console


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
        assert (await browser.get("/api/v1/session")).json() == {"signed_in": True, "via": "link"}


async def test_the_cookie_is_kept_from_scripts_and_other_pages() -> None:
    """The session's cookie is for this console alone, and lasts as long as the session."""
    console = Console(settings=ConsoleSettings(session_seconds=600))
    async with console.browser() as browser:
        answer = await browser.get(f"/link/{console.control.access.new_link()}")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=strict", "path=/", "max-age=600"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"


async def test_the_cookie_travels_over_tls_only_where_there_is_tls() -> None:
    """Where the console speaks TLS the cookie never travels without."""
    console = Console(settings=ConsoleSettings(certificate="c"))
    async with console.browser() as browser:
        answer = await browser.get(f"/link/{console.control.access.new_link()}")
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("token", ["used", "wrong", "x" * 5000])
async def test_a_link_that_is_no_good(token: str) -> None:
    """A link that was used or never existed says how to get a new one, and signs nobody in."""
    console = Console()
    if token == "used":
        token = console.control.access.new_link()
        await console.control.access.redeem(token)
    async with console.browser() as browser:
        answer = await browser.get(f"/link/{token}")
        assert answer.status_code == 403
        assert "sysmon link" in answer.text
        assert "make up" in answer.text
        assert (await browser.get("/api/v1/session")).status_code == 401


async def test_looking_at_a_link_does_not_use_it_up() -> None:
    """A program that checks the link with HEAD leaves it to the person."""
    console = Console()
    link = f"/link/{console.control.access.new_link()}"
    async with console.browser() as browser:
        assert (await browser.head(link)).status_code == 204
        assert (await browser.get(link)).status_code == 303


async def test_signing_out() -> None:
    """After signing out the browser's session is worth nothing."""
    console = Console()
    async with console.signed_in() as browser:
        session = browser.cookies[COOKIE]
        answer = await browser.delete("/api/v1/session", headers={"x-sysmon": "1"})
        assert answer.json() == {"signed_in": False, "via": None}
        again = await browser.get("/api/v1/session", headers={"cookie": f"{COOKIE}={session}"})
    assert again.status_code == 401


async def test_only_the_operator_makes_links() -> None:
    """A browser that is signed in cannot let others in."""
    async with Console().signed_in() as browser:
        answer = await browser.post("/api/v1/links", headers={"x-sysmon": "1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_signing_in_never_blocks_the_loop(tmp_path: Path) -> None:
    """While sessions are written to disk, everything else goes on."""
    console = Console(sessions=SessionFile(tmp_path / "sessions.json"))
    async with console.browser() as browser:
        with blockbuster_ctx():
            answer = await browser.get(f"/link/{console.control.access.new_link()}")
    assert answer.status_code == 303
    assert len(SessionFile(tmp_path / "sessions.json").load()) == 1


def test_the_file_of_sessions(tmp_path: Path) -> None:
    """Sessions are read back as they were saved, from a file that nobody else can read."""
    path = tmp_path / "sessions.json"
    grants = [Grant("a" * 64, 5), Grant("b" * 64, 6)]
    SessionFile(path).save(grants)
    SessionFile(path).save(grants)
    assert SessionFile(path).load() == grants
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["sessions.json"]


@pytest.mark.parametrize("content", [None, b"", b"{", b'[{"secret_hash": 1}]', b"\xff"])
def test_an_unusable_file_of_sessions(tmp_path: Path, content: bytes | None) -> None:
    """Without a usable file of sessions everybody signs in again, and that is all."""
    path = tmp_path / "sessions.json"
    if content is not None:
        path.write_bytes(content)
    assert SessionFile(path).load() == []


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    """Saving sessions never writes through a link that someone put there."""
    target = tmp_path / "precious"
    target.write_text("kept")
    (tmp_path / ".sessions.json.partial").symlink_to(target)
    SessionFile(tmp_path / "sessions.json").save([Grant("a" * 64, 5)])
    assert target.read_text() == "kept"
