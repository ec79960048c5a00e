import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Watch
from tests.support.canned_console import CannedConsole

pytestmark = pytest.mark.browser

ALL_CHARTS = 14


@pytest.fixture
def host(page: Page) -> Page:
    """The page of the host web-1, with its charts."""
    page.goto(page.url + "hosts/web-1?last=15m")
    expect(page.locator("article.chart-card canvas")).to_have_count(ALL_CHARTS)
    return page


def chart(page: Page, name: str) -> Locator:
    return page.get_by_test_id(f"chart-{name}")


def drag(page: Page, name: str, start: float, end: float) -> None:
    """Drag over a chart's plot, between two fractions of its width."""
    plot = chart(page, name).locator(".u-over")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, height, steps=4)
    page.mouse.up()


def test_the_header_tells_what_the_host_is_and_how_it_is(host: Page) -> None:
    """The host's facts and its latest values stand above the charts."""
    expect(host.locator(".facts")).to_contain_text("Debian GNU/Linux 12")
    expect(host.locator(".facts")).to_contain_text("Cores8")
    expect(host.get_by_test_id("now")).to_contain_text("of 8.00 GiB")
    expect(host).to_have_title("web-1 · SysMonitor")


def test_dragging_on_a_chart_zooms_all_of_them_and_back_returns(host: Page) -> None:
    """A drag puts its range into the address; the browser's back button takes it out again."""
    drag(host, "cpu", 0.6, 0.8)
    expect(host).to_have_url(re.compile(r"from=\d+&to=\d+"))
    start, end = map(int, re.findall(r"=(\d{13})", host.url))
    assert 170_000 < end - start < 190_000
    expect(host.get_by_test_id("fixed-range")).to_be_visible()
    host.go_back()
    expect(host).to_have_url(re.compile("last=15m$"))
    expect(host.get_by_test_id("range-15m")).to_have_attribute("aria-pressed", "true")


def test_a_double_click_zooms_out(host: Page) -> None:
    """A double click on a chart shows a longer time, and pins nothing."""
    chart(host, "cpu").locator(".u-over").dblclick()
    expect(host).to_have_url(re.compile("last=1h"))


def test_a_range_can_be_chosen_by_preset_and_by_hand(host: Page) -> None:
    """Presets end now; a custom range is fixed until one goes back to live."""
    host.get_by_test_id("range-6h").click()
    expect(host).to_have_url(re.compile("last=6h"))
    host.get_by_test_id("range-custom").click()
    host.get_by_label("From").fill("2023-01-02T03:00:00")
    host.get_by_label("To", exact=True).fill("2023-01-02T04:00:00")
    host.get_by_role("button", name="Show", exact=True).click()
    expect(host.get_by_test_id("fixed-range")).to_have_text(re.compile("2 Jan 2023, 03:00:00 . 04:00:00"))
    host.get_by_test_id("back-to-live").click()
    expect(host).to_have_url(re.compile("last="))


def test_a_click_on_a_chart_says_which_process_did_it(host: Page) -> None:
    """A click pins the moment and lists the processes that used most of what the chart shows."""
    chart(host, "memory").locator(".u-over").click(position={"x": 300, "y": 60})
    who = host.get_by_test_id("who")
    expect(who).to_contain_text("Most memory at")
    expect(who.locator("li").first).to_contain_text("postgres")
    command = who.locator(".who-process").first
    expect(command).to_have_attribute("title", re.compile("postgres"))
    expect(host).to_have_url(re.compile(r"at=\d+&who=memory"))
    expect(host.get_by_test_id("processes")).to_contain_text("Pinned at")
    host.keyboard.press("Escape")
    expect(who).to_have_count(0)
    expect(host.get_by_test_id("processes")).to_contain_text("Live.")


def test_the_cursor_is_on_every_chart_and_its_values_in_every_legend(host: Page) -> None:
    """Moving over one chart shows the values of that moment on the others too."""
    legend = chart(host, "load").locator(".legend b").first
    newest = legend.inner_text()
    plot = chart(host, "cpu").locator(".u-over")
    plot.hover(position={"x": 120, "y": 60})
    expect(legend).not_to_have_text(newest)
    rows = chart(host, "cpu").locator(".chart-tooltip-row b").all_inner_texts()
    shares = [float(text.rstrip("%")) for text in rows]
    assert shares == sorted(shares, reverse=True)
    assert len(shares) == 6


def test_a_gap_says_why_there_is_no_data(host: Page) -> None:
    """Where data is missing, the chart is shaded and the cursor tells the reason."""
    plot = chart(host, "cpu").locator(".u-over")
    box = plot.bounding_box()
    assert box is not None
    plot.hover(position={"x": box["width"] * 0.36, "y": 60})
    expect(chart(host, "cpu").locator(".chart-tooltip-gap")).to_have_text(
        "No data: not collected while the agent was not running"
    )


def test_every_chart_can_be_read_as_a_table(host: Page) -> None:
    """A chart has a description for screen readers and a table of its numbers."""
    card = chart(host, "network_io")
    expect(card.get_by_role("img").first).to_have_attribute("aria-label", re.compile("Network traffic over 15m: eth0"))
    card.get_by_role("button", name="Network traffic as a table").click()
    expect(card.get_by_role("rowheader")).to_have_text(["eth0 receive", "eth0 transmit"])
    expect(card.get_by_role("columnheader")).to_have_text(["Series", "Now", "Least", "Mean", "Most"])


def test_cpu_can_be_shown_by_core(host: Page) -> None:
    """The CPU chart shows modes or cores; more cores than lines can show are bands, whose colours are explained."""
    host.get_by_test_id("other-cpu").get_by_text("Cores").click()
    expect(chart(host, "cpu").locator(".heat-legend")).to_contain_text(re.compile(r"busiest: cpu\d \d+%"))
    plot = chart(host, "cpu").locator(".u-over")
    plot.hover(position={"x": 400, "y": 60})
    expect(chart(host, "cpu").locator(".chart-tooltip-row")).to_have_count(8)


def test_a_series_can_be_hidden(host: Page) -> None:
    """A click in the legend hides a series and says so."""
    button = chart(host, "load").get_by_role("button", name="5m").first
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_charts_grow_with_every_tick(host: Page) -> None:
    """New ticks are added to the charts without loading them again."""
    requests: list[str] = []
    host.on("request", lambda request: requests.append(request.url))
    value = chart(host, "load").locator(".legend b").first
    before = value.inner_text()
    expect(value).not_to_have_text(before)
    assert not [url for url in requests if "/charts" in url]


def test_a_pinned_moment_can_be_zoomed_into_without_a_mouse(host: Page) -> None:
    """The panel of a pinned moment has a button that zooms in, and a fixed range one that zooms out."""
    host.keyboard.press("p")
    host.get_by_test_id("zoom-in").click()
    expect(host).to_have_url(re.compile(r"from=\d+&to=\d+$"))
    expect(host.get_by_test_id("who")).to_have_count(0)
    narrow = host.url
    host.get_by_test_id("zoom-out").click()
    expect(host).not_to_have_url(narrow)


def test_a_silent_host_says_since_when(page: Page, console: CannedConsole) -> None:
    """The page of a host that is down says so in words, and since when."""
    page.goto(f"{page.url}hosts/{console.hosts[11].id}")
    expect(page.get_by_test_id("silent")).to_contain_text(re.compile(r"^Down: nothing since .*, 12m \d+s$"))


def test_processes_can_be_sorted(host: Page) -> None:
    """The process table sorts by any column, the highest first."""
    host.get_by_test_id("process-sort-memory").click()
    first = host.locator(".processes tbody tr").first
    expect(first).to_contain_text("900 MiB")


@pytest.mark.parametrize(("preset", "words"), [("5m", "from ticks"), ("90d", "from minutes")])
def test_a_range_says_what_its_points_are_made_of(host: Page, preset: str, words: str) -> None:
    """Long ranges are made of minutes or hours, and say so beside the range."""
    host.get_by_test_id(f"range-{preset}").click()
    expect(host).to_have_url(re.compile(f"last={preset}"))
    expect(host.get_by_test_id("level")).to_have_text(words)


def test_a_year_fits_the_axis(host: Page) -> None:
    """A range of years is named by its days, and too long to tell its processes."""
    host.goto(host.url.replace("last=15m", "from=1600000000000&to=1795000000000"))
    expect(host.get_by_test_id("fixed-range")).to_have_text(re.compile(r"13 Sept 2020 . 18 Nov 2026"))
    expect(host.get_by_test_id("level")).to_have_text("from hours")
    expect(host.get_by_test_id("top-table-empty")).to_contain_text("at most 400 days")


def test_a_moment_of_processes_can_be_chosen_by_hand(host: Page) -> None:
    """The time beside the process table pins a moment as a click on a chart does."""
    host.get_by_test_id("process-moment").fill("2026-01-02T03:04:05")
    host.get_by_test_id("process-show").click()
    expect(host).to_have_url(re.compile(r"at=\d+&who=cpu"))
    expect(host.get_by_test_id("processes")).to_contain_text("Pinned at 2 Jan, 03:04:")
    host.get_by_test_id("process-now").click()
    expect(host.get_by_test_id("processes")).to_contain_text("Live.")


def test_the_whole_range_says_which_processes_did_it(host: Page) -> None:
    """Below the process table stands what used most over the range: of CPU, memory or disk I/O."""
    table = host.get_by_test_id("top-table")
    expect(table.get_by_role("row").nth(1)).to_contain_text("postgres")
    expect(host.get_by_test_id("top")).to_contain_text("Of 450 tables")
    host.get_by_test_id("top-io").click()
    expect(host.get_by_test_id("top-io")).to_have_attribute("aria-pressed", "true")
    expect(table.locator(".cpu-bar").first).to_contain_text("GiB")


def test_an_unknown_host_is_explained(page: Page, watch: Watch) -> None:
    """A host that does not exist gets a page that says so and where to look."""
    watch.expect("404")
    page.goto(page.url + "hosts/nobody")
    expect(page.get_by_test_id("fault")).to_contain_text("There is no such host")
    expect(page.get_by_test_id("fault")).to_contain_text("sysmon hosts list")


def test_comparing_shows_hosts_side_by_side(page: Page, console: CannedConsole) -> None:
    """Chosen hosts stand side by side in one table and on shared charts; the choice is in the address."""
    page.goto(page.url + "compare")
    for number in (0, 1):
        page.get_by_test_id("add-host").select_option(console.hosts[number].id)
    expect(page.get_by_test_id("compared").get_by_role("columnheader")).to_have_text(
        ["Metric", "web-1", "db-1difference"]
    )
    expect(page.get_by_test_id("compared").get_by_role("row", name="Memory of the machine")).to_contain_text(
        "+8.00 GiB"
    )
    expect(page.locator("article.chart-card canvas")).to_have_count(6)
    expect(page).to_have_url(re.compile("hosts="))
    page.get_by_role("button", name="Remove db-1").click()
    expect(page.get_by_text("Choose one more host.")).to_be_visible()
