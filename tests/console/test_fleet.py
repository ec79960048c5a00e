import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.canned_console import CannedConsole

pytestmark = pytest.mark.browser


def names(page: Page) -> list[str]:
    rows: list[str] = page.get_by_test_id("host-row").evaluate_all("rows => rows.map((row) => row.dataset.host)")
    return rows


def test_the_summary_says_first_what_is_down_and_what_is_lost(page: Page) -> None:
    """The top of the fleet page tells what is wrong, where and since when, and that no sample is lost."""
    lines = page.get_by_test_id("kpi-trouble").locator("li")
    expect(lines).to_have_text(
        [
            re.compile(r"^db-3downsince \d\d:\d\d, 12m \d+s$"),
            re.compile("^cache-2latesince"),
            "build-1CPU 97%",
        ]
    )
    expect(page.get_by_test_id("kpi-trouble")).to_contain_text("1 more in the table")
    expect(page.get_by_test_id("kpi-hosts")).to_contain_text("of 24 down")
    expect(page.get_by_test_id("kpi-lost")).to_contain_text("0")
    expect(page.get_by_test_id("kpi-lost")).to_contain_text("12 ticks not collected")
    expect(page).to_have_title(re.compile("1 host down"))


def test_hosts_in_trouble_come_first(page: Page) -> None:
    """Without a chosen order, hosts that are down, late or at a limit come first; the others follow by name."""
    expect(page.get_by_test_id("host-row").nth(4)).to_be_visible()
    assert names(page)[:5] == ["db-3", "cache-2", "build-1", "db-2", "build-2"]


def test_sorting_stands_in_the_address(page: Page) -> None:
    """A click on a column sorts by it, the highest first, and the address keeps the order."""
    page.get_by_test_id("sort-cpu").click()
    expect(page).to_have_url(re.compile(r"\?sort=-cpu$"))
    assert names(page)[0] == "build-1"
    page.reload()
    expect(page.get_by_role("columnheader", name="CPU", exact=True)).to_have_attribute("aria-sort", "descending")
    assert names(page)[0] == "build-1"


def test_a_filter_narrows_the_table_and_stands_in_the_address(page: Page) -> None:
    """The filter box understands labels and metrics, and its text is in the address."""
    page.get_by_test_id("filter").fill("role=db env!=dev")
    expect(page.get_by_test_id("matched")).to_have_text("4 of 24 hosts")
    assert set(names(page)) == {"db-1", "db-2", "db-4", "db-5"}
    expect(page).to_have_url(re.compile("filter="))
    page.get_by_test_id("filter").fill("cpu>95")
    expect(page.get_by_test_id("host-row")).to_have_count(1)


def test_a_filter_that_makes_no_sense_says_so(page: Page) -> None:
    """A term that names no metric is explained beside the box instead of hiding every host."""
    page.get_by_test_id("filter").fill("speed>3")
    expect(page.get_by_test_id("matched")).to_have_text("No metric is called “speed”.")
    expect(page.get_by_test_id("host-row")).not_to_have_count(0)


def test_a_label_is_a_filter(page: Page) -> None:
    """A click on a host's label shows the hosts that share it."""
    page.get_by_role("button", name="role=build").first.click()
    expect(page.get_by_test_id("filter")).to_have_value("role=build")
    assert all(name.startswith("build-") for name in names(page))


def test_a_filter_without_a_match_can_be_cleared(page: Page) -> None:
    """Where no host matches, one button brings all of them back."""
    page.get_by_test_id("filter").fill("nothing-is-called-this")
    page.get_by_test_id("no-match").get_by_role("button").click()
    expect(page.get_by_test_id("matched")).to_have_text("24 hosts")


def test_simulated_hosts_are_marked(page: Page) -> None:
    """A simulated host says so in its row, and a real one does not."""
    page.get_by_test_id("filter").fill("web-")
    expect(page.locator('[data-host="web-2"]')).to_contain_text("simulated")
    expect(page.locator('[data-host="web-1"]')).not_to_contain_text("simulated")


def test_values_move_without_a_reload(page: Page) -> None:
    """The table follows the events of the server."""
    load = page.locator('[data-host="cache-1"] td.load')
    before = load.inner_text()
    expect(load).not_to_have_text(before)


def test_the_ledger_says_in_words_what_is_missing(page: Page) -> None:
    """The ledger lists what is missing by host and reason, as an equation that comes out even."""
    page.get_by_test_id("kpi-lost").click()
    ledger = page.get_by_test_id("ledger")
    expect(ledger).to_contain_text("12 ticks not collected while the agent was not running")
    expect(ledger.locator("dd")).to_have_text(["960,012", "960,000", "12"])
    page.keyboard.press("Escape")
    expect(ledger).to_have_count(0)


def test_a_row_opens_its_host(page: Page) -> None:
    """A click anywhere in a row opens the host's page, and the back button returns to the same list."""
    page.get_by_test_id("filter").fill("role=db")
    page.locator('[data-host="db-2"] td.load').click()
    expect(page.get_by_role("heading", name="db-2")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("filter")).to_have_value("role=db")


def test_only_rows_near_the_screen_exist(page: Page, console: CannedConsole) -> None:
    """A thousand hosts cost no more elements than fill the screen, and scrolling reaches the last."""
    console.grow(1000)
    page.reload()
    expect(page.get_by_test_id("matched")).to_have_text("1,000 hosts")
    assert page.get_by_test_id("host-row").count() < 45
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator('[data-host="web-200"]')).to_be_in_viewport()
    assert page.get_by_test_id("host-row").count() < 45
