"""How long Chromium takes from a click on a range to its charts."""

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import Page, expect, sync_playwright

from sysmon_appliance.web.console.static import BUILT
from tests.bench.measure import report
from tests.support.system import System, UnixConnection

RANGES = ("1h", "7d", "30d", "90d", "1y", "24h")
HOSTS = 10
"""Each range is opened of so many hosts; the slowest counts."""

_PATIENCE_MS = 30_000
_CHARTS = re.compile(r"/api/v1/hosts/[0-9a-f]+/charts")
_PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def browse(system: System, conditions: str) -> None:
    """Open every range of some hosts; without Chromium or a built console, say so beside the figures."""
    if fault := _fault():
        print(f"No figures of a browser: {fault}", file=sys.stderr)
        return
    names = [host["name"] for host in system.get(f"/api/v1/hosts?limit={HOSTS}")["hosts"]]
    with _page() as page:
        page.goto(_link(system))
        expect(page.locator("[data-host]").first).to_be_visible()
        report_ranges(page, names, conditions)


def report_ranges(page: Page, names: Sequence[str], conditions: str) -> None:
    taken: dict[str, list[float]] = {name: [] for name in RANGES}
    for host in names:
        page.goto(f"{_origin(page)}/hosts/{host}?last=24h")
        expect(page.locator("article.chart-card canvas").first).to_be_visible()
        for name in RANGES:
            taken[name].append(_click(page, name))
    for name, seen in taken.items():
        told = f"of {len(names)} hosts the slowest, from the click to the frame after the answer; {conditions}"
        report(f"year.browser.{name}.wall", max(seen), "ms", conditions=told)


def _click(page: Page, name: str) -> float:
    """Choose a range, and return the milliseconds until its charts are painted."""
    begun = time.perf_counter()
    with page.expect_response(_CHARTS) as answer:
        page.get_by_test_id(f"range-{name}").click()
    answer.value.finished()
    page.evaluate(_PAINTED)
    return 1000 * (time.perf_counter() - begun)


@contextmanager
def _page() -> Iterator[Page]:
    # Chromium's sandbox refuses to start as root, which containers run as.
    flags = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=flags)
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, reduced_motion="reduce")
        page.set_default_timeout(_PATIENCE_MS)
        yield page
        browser.close()


def _fault() -> str:
    if _chromium() is None:
        return "there is no Chromium on this machine; `make browser` installs Debian's."
    if not (BUILT / "index.html").exists():
        return "the console has not been built; `make console` builds it."
    return ""


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _origin(page: Page) -> str:
    return str(page.evaluate("location.origin"))


def _link(system: System) -> str:
    connection = UnixConnection(system.socket)
    connection.request("POST", "/api/v1/links", headers={"x-sysmon": "1"})
    url: str = json.loads(connection.getresponse().read())["url"]
    connection.close()
    return url
