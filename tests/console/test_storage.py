import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.canned_console import CannedConsole, now_ms
from tests.support.canned_storage import DAY, HOUR, check, rule

pytestmark = pytest.mark.browser


def open_page(page: Page, path: str = "storage") -> None:
    page.goto(page.url + path)
    expect(page.get_by_test_id("storage-page").get_by_role("heading", level=1)).to_be_visible()


def test_storage_that_is_well_says_so_first(page: Page) -> None:
    """The first card says that nothing needs anybody; the others how long the disk lasts and how much is kept."""
    open_page(page)
    expect(page.get_by_test_id("storage-concerns")).to_contain_text("Nothing")
    expect(page.get_by_test_id("storage-disk")).to_contain_text("Over a year")
    expect(page.get_by_test_id("storage-kept")).to_contain_text("Bytes per sample, with all rollups1.04")
    expect(page.get_by_test_id("storage-banner")).to_have_count(0)


def test_what_is_kept_stands_in_a_table(page: Page) -> None:
    """Each kind has its times, its size, its price per sample and its limits, and weighs something in a year."""
    open_page(page)
    row = page.get_by_test_id("kinds").get_by_role("row", name=re.compile("^Ticks"))
    expect(row).to_contain_text("30 segments")
    expect(row).to_contain_text("30 days, at most 40.0 GiB")
    expect(row.get_by_role("cell").nth(4)).to_have_text("0.81")
    expect(page.get_by_test_id("rules").get_by_role("row")).to_have_count(3)


def test_without_rules_history_is_kept_of_all_hosts(page: Page, console: CannedConsole) -> None:
    """The only line of what is kept for how long is for all hosts, not for what rules leave."""
    console.storage.rules = [rule("", 30, 400, 24)]
    open_page(page)
    expect(page.get_by_test_id("rules").get_by_role("cell").first).to_have_text("all hosts")


def test_a_forecast_without_a_day_of_history_says_so(page: Page, console: CannedConsole) -> None:
    """Until there is a day of history, the forecast names figures of other fleets as what it is told from."""
    console.storage.basis_days = 0.01
    open_page(page)
    expect(page.get_by_test_id("forecast")).to_contain_text("figures of other fleets, until there is a day of history")


def test_the_forecast_looks_as_far_ahead_as_is_chosen(page: Page) -> None:
    """The chart shows a year, or what was chosen, which stands in the address."""
    open_page(page)
    chart = page.get_by_test_id("forecast")
    expect(chart.locator("canvas")).to_be_visible()
    expect(chart.get_by_role("img")).to_have_attribute("aria-label", re.compile("GiB in a year"))
    page.get_by_test_id("ahead-3650").click()
    expect(page).to_have_url(re.compile("ahead=3650"))
    expect(page.get_by_test_id("ahead-3650")).to_have_attribute("aria-pressed", "true")


def test_a_disk_that_will_be_full_is_a_concern(page: Page, console: CannedConsole) -> None:
    """A disk that is full in days is said in the first card, with the day in the second."""
    console.storage.disk_full = console.storage.now_ms + 9 * DAY
    open_page(page)
    expect(page.get_by_test_id("storage-concerns")).to_contain_text("The disk is full in 8d 23h")
    expect(page.get_by_test_id("storage-disk")).to_contain_text(re.compile("It is full on .* if hosts stay"))


def test_damage_is_told_on_every_page(page: Page, console: CannedConsole) -> None:
    """A banner says of which times history cannot be read, and leads to where it can be repaired."""
    console.storage.damage()
    page.reload()
    banner = page.get_by_test_id("storage-banner")
    expect(banner).to_contain_text(re.compile("History \\(ticks\\) of 24 hosts, .* cannot be read in full"))
    banner.get_by_role("link", name="Storage").click()
    expect(page.get_by_test_id("storage-concerns")).to_contain_text("A segment is damaged")
    expect(page.get_by_test_id("damaged").get_by_role("row")).to_have_count(2)


def test_failing_to_write_segments_is_told_with_its_cause(page: Page, console: CannedConsole) -> None:
    """While segments cannot be written, the banner says for how long and why, and the page what helps."""
    since = console.storage.now_ms - 2 * HOUR
    console.storage.failure = {"since": since, "problem": "The disk is full.", "hint": "df -h"}
    open_page(page)
    expect(page.get_by_test_id("storage-banner")).to_contain_text("could not be written for 2h")
    expect(page.get_by_test_id("storage-concerns").locator("code")).to_have_text("df -h")


def test_repairing_says_what_came_of_it(page: Page, console: CannedConsole) -> None:
    """After a question, damaged segments are brought back; what is lost stays until somebody gives it up."""
    console.storage.damage()
    console.storage.lost = [console.storage.damage("hour")["name"]]
    open_page(page)
    page.get_by_test_id("repair").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("repaired")).to_have_text("1 segment can be read again; of 1 segment nothing is left.")
    expect(page.get_by_test_id("damaged").get_by_role("row")).to_have_count(2)
    page.get_by_test_id("give-up").click()
    expect(page.get_by_test_id("confirm")).to_contain_text("Charts show a gap there")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("damaged-empty")).to_be_visible()
    repairs = [body for _, path, body in console.access.changes if path == "storage/repair"]
    assert repairs == [{"give_up": False}, {"give_up": True}]


def test_an_operator_seals_and_watches(page: Page, console: CannedConsole) -> None:
    """Sealing asks first, and then shows how far it is."""
    open_page(page)
    page.get_by_test_id("storage-seal").click()
    expect(page.get_by_test_id("confirm")).to_contain_text("Seal the head now?")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("storage-working")).to_contain_text("Sealing, 40%")
    console.storage.sealed(now_ms())
    expect(page.get_by_test_id("storage-working")).to_contain_text("Nothing is under way")


def test_a_check_is_followed_to_its_end(page: Page, console: CannedConsole) -> None:
    """A check shows its progress, and afterwards what it found."""
    open_page(page)
    expect(page.get_by_test_id("storage-working")).to_contain_text("Segments were never checked.")
    page.get_by_test_id("storage-check").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("storage-working")).to_contain_text("Checking 60 of 240 segments, 25%")
    now = console.storage.now_ms
    console.storage.check = check("done", checked=240, of=240, damaged=("raw-1",), started=now, ended=now)
    expect(page.get_by_test_id("storage-working")).to_contain_text("240 segments checked, 1 damaged.")


def test_a_viewer_sees_all_and_changes_nothing(page: Page, console: CannedConsole) -> None:
    """Who may only look has no button that would be refused."""
    console.access.identity.role = "viewer"
    console.storage.damage()
    open_page(page)
    expect(page.get_by_test_id("damaged")).to_be_visible()
    for action in ("storage-seal", "storage-check", "repair"):
        expect(page.get_by_test_id(action)).to_have_count(0)


def test_segments_are_listed_by_kind(page: Page) -> None:
    """The list has all segments or those of one kind, of which only rows near the screen exist."""
    open_page(page, "storage/segments")
    table = page.get_by_test_id("segments")
    expect(table.get_by_role("row").nth(10)).to_be_visible()
    assert table.get_by_role("row").count() < 60
    page.get_by_test_id("kind-hour").click()
    expect(page).to_have_url(re.compile("kind=hour"))
    expect(table.locator("tbody tr:not(.spacer) td:nth-child(2)").nth(3)).to_have_text("Hours")


def test_more_segments_come_as_one_scrolls(page: Page) -> None:
    """At the end of what is loaded the next page is, until all are there."""
    open_page(page, "storage/segments")
    last = page.get_by_test_id("segments").locator('tr[aria-rowindex="421"]')
    expect(last).to_have_count(0)
    for _ in range(40):
        page.mouse.wheel(0, 40_000)
        if last.count():
            break
        page.wait_for_timeout(100)
    expect(last).to_be_visible()
