"""The console of the real program, with a real agent on this machine."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.console.conftest import Watch
from tests.support.system import Program, System, UnixConnection, system_in

pytestmark = pytest.mark.browser


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with system_in(tmp_path) as system:
        yield system


@pytest.fixture
def aggregator(system: System) -> Program:
    """A running aggregator that has heard of this host."""
    aggregator = system.start_aggregator()
    system.ready()
    system.start_agent()
    system.holds(3)
    return aggregator


@pytest.fixture
def console_page(context: BrowserContext, system: System, aggregator: Program, watch: Watch) -> Page:
    """The fleet page, opened with a one-time link."""
    assert aggregator.running
    page = context.new_page()
    watch.attach(page)
    page.goto(new_link(system))
    return page


def new_link(system: System) -> str:
    connection = UnixConnection(system.socket)
    connection.request("POST", "/api/v1/links", headers={"X-Sysmon": "1"})
    url: str = json.loads(connection.getresponse().read())["url"]
    connection.close()
    return url


def test_a_link_opens_the_console_with_this_host_in_it(console_page: Page) -> None:
    """The one-time link shows this machine's real values, which move."""
    row = console_page.locator('[data-host="under-test"]')
    expect(row).to_be_visible()
    expect(row).not_to_contain_text("simulated")
    expect(console_page.get_by_test_id("kpi-lost")).to_contain_text(re.compile("^Samples lost0of"))
    row.get_by_role("link").click()
    for chart in ("cpu", "memory", "network_io", "processes"):
        expect(console_page.get_by_test_id(f"chart-{chart}").locator("canvas")).to_be_visible()
    running = console_page.get_by_test_id("processes").locator("tbody tr")
    expect(running).not_to_have_count(0)
    used = console_page.get_by_test_id("chart-cpu").locator(".legend")
    before = used.inner_text()
    expect(used).not_to_have_text(before)


def test_a_restarted_aggregator_is_found_again_without_signing_in(
    console_page: Page, system: System, aggregator: Program, watch: Watch
) -> None:
    """After a kill and a restart of the aggregator the open page goes on by itself."""
    watch.expect(
        "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"
    )
    expect(console_page.locator('[data-host="under-test"]')).to_be_visible()
    aggregator.kill()
    expect(console_page.get_by_test_id("disconnected")).to_be_visible()
    system.start_aggregator()
    system.ready()
    expect(console_page.get_by_test_id("disconnected")).to_have_count(0)
    expect(console_page.get_by_test_id("connection")).to_have_text("Live")
    expect(console_page.locator('[data-host="under-test"] .seen')).to_have_text(re.compile("now|2s ago"))
