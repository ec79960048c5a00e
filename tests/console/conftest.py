"""A browser that fails a test by itself when the console misbehaves behind its back."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from sysmon_appliance.web.console.static import BUILT
from tests.support.canned_console import CannedConsole, serving

FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Watch:
    """What went wrong in a page: errors, violations of its policy, requests beyond this machine."""

    faults: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def expect(self, *fragments: str) -> None:
        """Faults that contain one of these are part of the test."""
        self.expected = fragments

    def attach(self, page: Page) -> None:
        page.on("console", self._message)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", self._request)

    @property
    def unexpected(self) -> list[str]:
        return [fault for fault in self.faults if not any(part in fault for part in self.expected)]

    def _message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {"127.0.0.1", None}:
            self.faults.append(f"request beyond this machine: {request.url}")


# Not for the whole session: Playwright keeps an event loop running, and no other test of the process could start one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("There is no Chromium on this machine; `make browser` installs Debian's.")
    if not (BUILT / "index.html").exists():
        pytest.skip("The console has not been built; `make console` builds it.")
    # Chromium's sandbox refuses to start as root, which containers run tests as.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *sandbox])
        yield browser
        browser.close()


@pytest.fixture
def console() -> Iterator[CannedConsole]:
    with serving(CannedConsole()) as console:
        yield console


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    assert watch.unexpected == []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1600, "height": 1000}, color_scheme="dark", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(console: CannedConsole, context: BrowserContext, watch: Watch) -> Page:
    """The fleet page of a console with canned answers."""
    # The server is named first, so that it ends last: it would wait for a page that still listens.
    page = context.new_page()
    watch.attach(page)
    page.goto(console.origin)
    return page
