import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Watch

pytestmark = pytest.mark.browser


@pytest.fixture
def series(page: Page) -> Page:
    """The page of all series."""
    page.goto(page.url + "series")
    expect(page.get_by_test_id("series-total")).to_have_text("624 series")
    return page


def test_every_series_has_its_host_and_its_times(series: Page) -> None:
    """A row names metric, attributes and host, which leads to the host's page."""
    row = series.get_by_test_id("series").get_by_role("row").nth(1)
    expect(row).to_contain_text("system.cpu.time")
    expect(row).to_contain_text("cpu.mode=user")
    expect(row).to_contain_text("60d ago")
    row.get_by_role("link", name="web-1").click()
    expect(series.get_by_role("heading", name="web-1")).to_be_visible()


def test_a_selector_is_asked_for_as_one_types(series: Page) -> None:
    """What is typed chooses series after a pause, and stands in the address."""
    series.keyboard.press("/")
    series.keyboard.type('system.network.io{host=~"db-.*"}')
    expect(series.get_by_test_id("series-total")).to_have_text("20 series")
    expect(series).to_have_url(re.compile("match=system.network.io"))


def test_the_example_of_a_selector_fits_series(series: Page) -> None:
    """What stands in the empty field is a selector that chooses something."""
    example = series.get_by_test_id("match").get_attribute("placeholder")
    assert example is not None
    series.get_by_test_id("match").fill(example)
    expect(series.get_by_test_id("series-total")).to_have_text(re.compile(r"^[1-9]\d* series$"))
    expect(series.get_by_test_id("series-total")).not_to_have_text("624 series")


def test_a_wrong_selector_is_explained_in_place(series: Page, watch: Watch) -> None:
    """A selector that cannot be read says where, below the field; the next right one answers again."""
    watch.expect("400")
    series.get_by_test_id("match").fill("system.cpu.time{")
    expect(series.get_by_test_id("match-fault")).to_contain_text("cannot be read at its end")
    expect(series.get_by_test_id("match")).to_have_attribute("aria-invalid", "true")
    series.get_by_test_id("match").fill("system.cpu.time")
    expect(series.get_by_test_id("series-total")).to_have_text("192 series")
    expect(series.get_by_test_id("match-fault")).to_be_empty()


def test_nothing_that_matches_is_said(series: Page) -> None:
    """A selector that fits no series gives words and no empty table."""
    series.get_by_test_id("match").fill("no.such.metric")
    expect(series.get_by_test_id("series-empty")).to_have_text("No series matches.")


@pytest.mark.parametrize(
    ("card", "name", "total"),
    [("hosts", "db-1", "26"), ("metrics", "system.disk.io", "96"), ("attributes", "system.device", "96")],
)
def test_what_makes_series_many_is_a_click_away(series: Page, card: str, name: str, total: str) -> None:
    """Hosts, metrics and attributes with most series stand above, and each chooses its own."""
    series.get_by_test_id(f"cardinality-{card}").get_by_role("link", name=re.compile(f"^{name}")).click()
    expect(series.get_by_test_id("series-total")).to_have_text(f"{total} series")
    expect(series.get_by_test_id("match")).not_to_have_value("")
