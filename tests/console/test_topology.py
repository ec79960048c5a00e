import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Watch
from tests.console.test_accessibility import violations
from tests.support.canned_console import CannedConsole, now_ms
from tests.support.canned_region import failed_drill

pytestmark = pytest.mark.browser

SOON_MS = 25_000
"""The region is asked for again within ten seconds, on a machine that may be busy."""


def open_page(page: Page) -> None:
    page.goto(page.url + "topology")
    expect(page.get_by_test_id("topology-leader")).to_be_visible()


def test_three_questions_are_answered_first(page: Page) -> None:
    """Who leads, whether everything is durable, and whether a tick was lost stand in the first cards."""
    open_page(page)
    expect(page.get_by_test_id("topology-leader")).to_contain_text("agg-1")
    expect(page.get_by_test_id("topology-leader")).to_contain_text("Epoch 7, begun")
    expect(page.get_by_test_id("topology-durable")).to_contain_text(re.compile(r"\d\.\ds ago"))
    expect(page.get_by_test_id("topology-durable")).to_contain_text("read back from it by a standby")
    expect(page.get_by_test_id("topology-ticks")).to_contain_text("In spools, not durable yet72")
    expect(page.get_by_test_id("topology-drill")).to_contain_text("Passed")
    expect(page.get_by_test_id("region-banner")).to_have_count(0)


def test_each_aggregator_has_a_card(page: Page, console: CannedConsole) -> None:
    """A card says what a node is, how far it is behind, and what it found."""
    console.region.faults["agg-3"] = "Row 9 differs."
    open_page(page)
    expect(page.get_by_test_id("node-agg-1")).to_contain_text("this one")
    expect(page.get_by_test_id("node-agg-2")).to_contain_text("Follows closely")
    expect(page.get_by_test_id("node-agg-2")).to_contain_text("Behind the leader0.8s")
    expect(page.get_by_test_id("node-agg-3")).to_contain_text("Found the replica broken: Row 9 differs.")


def test_epochs_are_a_table_and_a_line(page: Page) -> None:
    """Epochs that led to the present one are listed with their reasons; one that was given up is not."""
    open_page(page)
    rows = page.get_by_test_id("epochs").get_by_role("row")
    expect(rows).to_have_count(7)
    expect(rows.nth(1)).to_contain_text("7, agg-1")
    expect(rows.last).to_contain_text("the region began")
    expect(page.get_by_test_id("timeline").get_by_role("img")).to_have_attribute(
        "aria-label", "The last 6 epochs, led by agg-1, agg-2, agg-3"
    )


def test_what_is_degraded_is_told_on_every_page(page: Page, console: CannedConsole) -> None:
    """A banner says what is less than it should be, and leads to the page."""
    console.region.degraded = "No standby reads back what becomes durable."
    console.region.assurance = "recorded"
    page.reload()
    banner = page.get_by_test_id("region-banner")
    expect(banner).to_contain_text("No standby reads back")
    banner.get_by_role("link", name="Topology").click()
    expect(page.get_by_test_id("topology-durable")).to_contain_text("no standby reads it back")


def test_what_does_not_become_durable_is_told_with_its_cause(page: Page, console: CannedConsole) -> None:
    """The card says for how long nothing became durable, why, and what helps."""
    console.region.trouble = "The replica does not answer."
    console.region.degraded = "Nothing becomes durable: The replica does not answer."
    console.region.durable_age_ms = 90_000
    open_page(page)
    card = page.get_by_test_id("topology-durable")
    expect(card).to_contain_text("1m 3")
    expect(card.locator("code")).to_have_text("curl https://s3.example")


def test_a_decision_is_asked_for_with_what_was_found(page: Page, console: CannedConsole) -> None:
    """Where a person must decide, the page says why, what there is, and which command does it."""
    console.region.block()
    open_page(page)
    section = page.get_by_test_id("blocked")
    expect(section).to_contain_text("Consul has lost its data.")
    expect(section).to_contain_text("epoch-00000007-0123456789abcdef")
    expect(section.get_by_text("sysmon ha recover")).to_be_visible()
    expect(page.get_by_test_id("topology-leader")).to_contain_text("Nobody, until you decide")


def test_a_takeover_is_told_wherever_one_is(page: Page, console: CannedConsole) -> None:
    """When another aggregator leads, every page says so by itself."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    console.region.take_over("agg-2")
    expect(page.get_by_test_id("takeover")).to_have_text(
        re.compile("agg-2 has taken over from agg-1, with epoch 8"), timeout=SOON_MS
    )


def test_the_console_comes_back_by_itself(page: Page, console: CannedConsole, watch: Watch) -> None:
    """While roles change nothing answers; then the page goes on, and says who has taken over."""
    watch.expect("503", "ERR_", "Failed to load")
    open_page(page)
    console.reachable = False
    expect(page.get_by_test_id("disconnected")).to_contain_text("The aggregator is starting. Reconnecting.")
    expect(page.get_by_test_id("disconnected").get_by_role("link", name="https://agg-2.example:7480")).to_be_visible()
    console.region.take_over("agg-3")
    console.region.own = "agg-3"
    console.reachable = True
    expect(page.get_by_test_id("disconnected")).to_have_count(0, timeout=SOON_MS)
    expect(page.get_by_test_id("takeover")).to_contain_text("agg-3 has taken over", timeout=SOON_MS)
    expect(page.get_by_test_id("topology-leader")).to_contain_text("agg-3")


def test_a_standby_says_that_it_is_one(page: Page, console: CannedConsole) -> None:
    """Whoever looks at a standby sees on every page how old its data is, and where changes go."""
    console.region.own = "agg-2"
    page.reload()
    expect(page.get_by_test_id("standby")).to_have_text("Standby,0.8s old")
    page.get_by_test_id("standby").click()
    expect(page.get_by_test_id("topology-leader")).to_contain_text("You look at agg-2, a standby.")
    expect(page.get_by_test_id("topology-durable")).to_contain_text("As agg-2 has read it back")


def test_the_lead_is_handed_over(page: Page) -> None:
    """After its checks a handoff is ordered, and the page says that it is under way."""
    open_page(page)
    page.get_by_test_id("handoff").click()
    expect(page.get_by_test_id("handoff-checks")).to_contain_text("agg-2 follows closely.")
    page.get_by_label("Who is to lead").select_option("agg-3")
    expect(page.get_by_test_id("handoff-checks")).to_contain_text("agg-3 follows closely.")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("handoff-under-way")).to_contain_text("agg-3 prepares itself to lead.")
    expect(page.get_by_test_id("handoff")).to_be_disabled()


def test_what_stands_against_a_handoff_keeps_it_from_being_ordered(page: Page, console: CannedConsole) -> None:
    """Where a check fails the button is out of reach, and the reason is said."""
    console.region.refusal = "No standby follows closely."
    open_page(page)
    page.get_by_test_id("handoff").click()
    expect(page.get_by_test_id("handoff-checks")).to_contain_text("No standby follows closely.")
    expect(page.get_by_test_id("confirm-yes")).to_be_disabled()


def test_a_handoff_can_be_ordered_by_keys_alone(page: Page) -> None:
    """The dialog is opened, confirmed and left without a pointer."""
    page.keyboard.press("g")
    page.keyboard.press("o")
    button = page.get_by_test_id("handoff")
    expect(button).to_be_visible()
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("confirm-yes")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("confirm")).to_have_count(0)
    expect(button).to_be_focused()


def test_a_viewer_orders_nothing(page: Page, console: CannedConsole) -> None:
    """Who only looks sees neither the handoff nor the drill."""
    console.access.identity.role = "viewer"
    page.reload()
    open_page(page)
    expect(page.get_by_test_id("topology-drill")).to_contain_text("Passed")
    expect(page.get_by_test_id("handoff")).to_have_count(0)
    expect(page.get_by_test_id("drill")).to_have_count(0)


def test_a_drill_is_ordered_and_followed(page: Page, console: CannedConsole) -> None:
    """A drill that failed says why; another one is ordered after a question."""
    console.region.drill = failed_drill(now_ms() - 60_000)
    open_page(page)
    card = page.get_by_test_id("topology-drill")
    expect(card).to_contain_text("Row 9 of audit is missing.")
    page.get_by_test_id("drill").click()
    page.get_by_test_id("confirm-yes").click()
    expect(card).to_contain_text("Under way")


def test_a_single_aggregator_has_its_page_too(page: Page, console: CannedConsole) -> None:
    """Without others there is nothing to hand over, and without a replica no drill."""
    console.region.topology, console.region.assurance = "single", "committed"
    open_page(page)
    expect(page.get_by_test_id("topology-leader")).to_contain_text("Runs alone")
    expect(page.get_by_test_id("topology-durable")).to_contain_text("there is no replica")
    expect(page.get_by_test_id("topology-drill")).to_contain_text("None")
    expect(page.get_by_test_id("handoff")).to_have_count(0)
    expect(page.get_by_test_id("epochs")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 768, 1600])
def test_the_page_fits_every_screen(page: Page, console: CannedConsole, width: int) -> None:
    """On any screen nothing sticks out, and trouble has no barriers either."""
    console.region.block()
    console.region.consul_trouble = "https://127.0.0.1:8501/v1/status/leader does not answer."
    page.set_viewport_size({"width": width, "height": 844})
    open_page(page)
    expect(page.get_by_test_id("epochs")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
