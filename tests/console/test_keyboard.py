import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Watch

pytestmark = pytest.mark.browser


def test_a_host_is_three_keys_away(page: Page) -> None:
    """Ctrl-K opens a palette in which typing and Enter jump to a host."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("queue-2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="queue-2")).to_be_visible()
    expect(page.get_by_test_id("palette")).to_have_count(0)


def test_the_palette_is_walked_with_arrows(page: Page) -> None:
    """Arrow keys move the choice, and Escape leaves without choosing."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    page.get_by_test_id("search").click()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Compare hosts")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("palette")).to_have_count(0)


def test_the_palette_hears_keys_from_its_first_moment(page: Page) -> None:
    """The palette has the focus before the browser paints it, so no key that follows the click is lost."""
    focused = page.get_by_test_id("search").evaluate(
        "async (button) => { button.click(); await null; return document.activeElement.role; }"
    )
    assert focused == "combobox"


def test_a_question_mark_lists_the_shortcuts_of_the_page(page: Page) -> None:
    """The sheet under `?` lists what the keyboard does here."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_test_id("shortcut-sheet")).to_contain_text("Filter hosts")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_test_id("shortcut-sheet")).to_have_count(0)


def test_slash_goes_to_the_filter_and_typing_stays_there(page: Page) -> None:
    """`/` focuses the filter; letters typed in it are text, not shortcuts."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("t")
    expect(page.get_by_test_id("filter")).to_have_value("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_pages_and_ranges_have_keys(page: Page) -> None:
    """`g c` goes to the comparison, and on a host's page digits choose the range."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/compare$"))
    page.goto(page.url.replace("compare", "hosts/web-1"))
    expect(page.get_by_test_id("host-page")).to_be_visible()
    page.keyboard.press("3")
    expect(page).to_have_url(re.compile("last=1h"))
    page.keyboard.press("p")
    expect(page.get_by_test_id("who")).to_be_visible()


def test_the_storage_area_has_keys(page: Page) -> None:
    """`g t` goes to storage, and `g r` to series."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    for key, path in (("t", "/storage"), ("r", "/series")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"{path}$"))
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_first_tab_skips_to_the_content(page: Page) -> None:
    """The first stop of the keyboard skips the header."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()


def test_the_theme_is_there_before_the_page(page: Page, watch: Watch) -> None:
    """A chosen theme holds from the first paint on, before the console's own code has run."""
    watch.expect("ERR_FAILED")
    page.get_by_test_id("theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.route("**/assets/index-*.js", lambda route: route.abort())
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_theme_is_remembered(page: Page) -> None:
    """The chosen theme survives a reload."""
    page.get_by_test_id("theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
