import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Watch
from tests.support.canned_console import CannedConsole

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "appliance" / "console" / "node_modules" / "axe-core" / "axe.min.js"

PAGES = {
    "fleet": ("", "hosts"),
    "host": ("hosts/web-1?last=15m&at=1", "processes"),
    "compare": ("compare?hosts=web-1,db-1", "compared"),
    "storage": ("storage", "forecast"),
    "topology": ("topology", "epochs"),
    "segments": ("storage/segments", "segments"),
    "series": ("series", "series"),
    "overview": ("access", "overview-changes"),
    "waiting": ("access/waiting", "waiting"),
    "tokens": ("access/tokens", "tokens"),
    "certificates": ("access/certificates", "certificates"),
    "users": ("access/users", "users"),
    "audit": ("access/audit", "audit"),
    "account": ("account", "api-tokens"),
    "invitation": ("invite/invitation-1", "accept"),
}


def violations(page: Page) -> list[str]:
    # Evaluated, not injected as a script element, which the page's policy would rightly refuse.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{fault['id']}: {node['html'][:160]} {node['failureSummary']}" for fault in found for node in fault["nodes"]
    ]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", PAGES)
def test_pages_have_no_barriers(page: Page, name: str, theme: Literal["dark", "light"]) -> None:
    """axe finds nothing to complain about on any page, in either theme."""
    path, landmark = PAGES[name]
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(page.url + path)
    expect(page.get_by_test_id(landmark)).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("path", ["access", "access/waiting", "access/certificates", "access/users", "account"])
def test_access_fits_a_phone(page: Page, path: str) -> None:
    """On a narrow screen nothing of the access area sticks out, and axe finds no barrier."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(page.url + path)
    expect(page.get_by_test_id("account" if path == "account" else "access-page")).to_be_visible()
    expect(page.get_by_role("status", name=re.compile("^Loading"))).to_have_count(0)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("path", ["storage", "storage/segments", "series"])
@pytest.mark.parametrize("width", [360, 768])
def test_storage_fits_narrow_screens(page: Page, console: CannedConsole, path: str, width: int) -> None:
    """On a phone and on a tablet nothing of the storage area sticks out, and trouble has no barriers either."""
    console.storage.damage()
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(page.url + path)
    expect(page.get_by_test_id("storage-banner")).to_be_visible()
    expect(page.get_by_role("status", name=re.compile("^Loading"))).to_have_count(0)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_sign_in_page_has_no_barriers(page: Page, console: CannedConsole, watch: Watch) -> None:
    """Who is not in yet meets no barrier either."""
    watch.expect("401")
    console.signed_in = False
    page.reload()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert violations(page) == []


def test_forms_have_no_barriers(page: Page) -> None:
    """The form of a join token, a question before a change, and the account menu are clean too."""
    page.goto(page.url + "access/tokens?new=1")
    expect(page.get_by_test_id("create")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Revoke")).first.click()
    expect(page.get_by_test_id("confirm")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_test_id("account-button").click()
    expect(page.get_by_test_id("account-menu")).to_be_visible()
    assert violations(page) == []


def test_phones_have_no_barriers_and_no_sideways_scrolling(page: Page) -> None:
    """On a narrow screen every row is a card, still a table to a screen reader, and nothing sticks out."""
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("row").nth(3)).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(page.url + "hosts/web-1")
    expect(page.get_by_test_id("processes")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_dialogs_have_no_barriers(page: Page) -> None:
    """The palette, the sheet of shortcuts and the ledger are clean too."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    for key, dialog in (("Control+k", "palette"), ("?", "shortcut-sheet"), ("l", "ledger")):
        page.keyboard.press(key)
        expect(page.get_by_test_id(dialog)).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(page.get_by_test_id(dialog)).to_have_count(0)
