import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Watch
from tests.support.canned_console import CannedConsole

pytestmark = pytest.mark.browser


def test_without_a_session_the_console_says_how_to_get_in(page: Page, console: CannedConsole, watch: Watch) -> None:
    """A browser that is not signed in is told which command prints a link."""
    watch.expect("401")
    console.signed_in = False
    page.reload()
    expect(page.get_by_test_id("signed-out")).to_contain_text("sysmon link")


def test_an_aggregator_that_is_gone_is_announced_and_found_again(
    page: Page, console: CannedConsole, watch: Watch
) -> None:
    """While no data arrives a banner says since when; when the aggregator is back, data flows without a reload."""
    watch.expect("503", "ERR_INCOMPLETE_CHUNKED_ENCODING")
    expect(page.get_by_test_id("connection")).to_have_text("Live")
    console.reachable = False
    expect(page.get_by_test_id("disconnected")).to_contain_text(re.compile(r"No data since \d\d:\d\d:\d\d"))
    console.grow(25)
    console.reachable = True
    expect(page.get_by_test_id("disconnected")).to_have_count(0)
    expect(page.get_by_test_id("matched")).to_have_text("25 hosts")


def test_a_fleet_that_cannot_be_loaded_says_why(page: Page, console: CannedConsole, watch: Watch) -> None:
    """When the first load fails the page tells the reason and offers another try."""
    watch.expect("503")
    console.reachable = False
    page.reload()
    expect(page.get_by_test_id("fault")).to_contain_text("The aggregator is starting.")
    console.reachable = True
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_test_id("hosts")).to_be_visible()


def test_a_fleet_without_hosts_says_what_to_do(page: Page, console: CannedConsole) -> None:
    """Before any host has reported, the page names the command that tells why."""
    console.grow(0)
    page.reload()
    expect(page.get_by_test_id("empty")).to_contain_text("sysmon-agent check")
    console.grow(3)
    expect(page.get_by_test_id("host-row")).to_have_count(3)


def test_an_address_that_leads_nowhere_leads_to_the_fleet(page: Page) -> None:
    """An unknown address of the console offers the way back."""
    page.goto(page.url + "no/such/page")
    page.get_by_test_id("not-found").get_by_role("link").click()
    expect(page.get_by_test_id("hosts")).to_be_visible()


def test_a_restart_of_the_aggregator_ends_up_signed_out_where_the_session_is_gone(
    page: Page, console: CannedConsole, watch: Watch
) -> None:
    """When the session ends while a page is open, the page says so instead of retrying for ever."""
    watch.expect("401", "503", "ERR_INCOMPLETE_CHUNKED_ENCODING")
    expect(page.get_by_test_id("connection")).to_have_text("Live")
    console.signed_in = False
    console.reachable = False
    expect(page.get_by_test_id("disconnected")).to_be_visible()
    console.reachable = True
    expect(page.get_by_test_id("signed-out")).to_be_visible()
