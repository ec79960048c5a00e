from pathlib import Path

import pytest

from tests.support.console import Console


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What a build of the console leaves behind."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>SysMonitor</title>" + " " * 2000)
    (tmp_path / "assets" / "index-1a2b.js").write_text("export {};" * 500)
    (tmp_path / "assets" / "icon-3c4d.svg").write_text("<svg/>")
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/hosts/db-01.fra?last=1h", "/compare", "/index.html"])
async def test_the_page_is_served_at_every_address_of_a_page(built: Path, path: str) -> None:
    """Every page's address can be opened directly, and the browser asks again next time."""
    async with Console(built=built).browser() as browser:
        answer = await browser.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert "<title>SysMonitor</title>" in answer.text


async def test_assets_are_kept_for_ever(built: Path) -> None:
    """Files whose names carry a hash are never asked for twice, and travel compressed."""
    async with Console(built=built).browser() as browser:
        script = await browser.get("/assets/index-1a2b.js")
        icon = await browser.get("/assets/icon-3c4d.svg", headers={"accept-encoding": "identity"})
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-encoding"] == "gzip"
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.text == "export {};" * 500
    assert (icon.headers["content-type"], icon.text) == ("image/svg+xml", "<svg/>")


@pytest.mark.parametrize("path", ["/assets/gone.js", "/assets/..%2Findex.html", "/assets/..%2f..%2f..%2fetc%2fpasswd"])
async def test_there_is_no_way_out_of_the_folder(built: Path, path: str) -> None:
    """A file that was not built is not there, whatever the address."""
    async with Console(built=built).browser() as browser:
        answer = await browser.get(path)
    assert "root:" not in answer.text
    assert answer.status_code == 404 or "<title>SysMonitor</title>" in answer.text


async def test_an_unbuilt_console_says_so(tmp_path: Path) -> None:
    """Where the console was not built, its page names the command that does it."""
    async with Console(built=tmp_path).browser() as browser:
        answer = await browser.get("/")
    assert answer.status_code == 503
    assert "make console" in answer.text


async def test_unknown_routes_of_the_api_are_no_pages(built: Path) -> None:
    """An address below /api that does not exist is an error, never a page."""
    async with Console(built=built).operator() as operator:
        answer = await operator.get("/api/v2/fleet")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
