import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Watch
from tests.support.canned_access import API_SECRET, Refusal
from tests.support.canned_console import CannedConsole

pytestmark = pytest.mark.browser


@pytest.fixture
def account(page: Page) -> Page:
    """The account page, by the menu in the header."""
    page.get_by_test_id("account-button").click()
    page.get_by_role("link", name="Sessions, API tokens, password").click()
    expect(page.get_by_test_id("account")).to_be_visible()
    return page


def test_the_menu_closes_behind_a_choice(account: Page) -> None:
    """Following a link of the account menu closes it."""
    expect(account.get_by_test_id("account-menu")).to_be_hidden()


def test_the_menu_switches_the_theme(page: Page) -> None:
    """The account menu has the theme, because phones have no room for it in the header."""
    page.get_by_test_id("account-button").click()
    page.get_by_role("button", name="Use the light theme").last.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_own_sessions_alone_are_shown(account: Page) -> None:
    """The account page lists one's own sessions, this one first, also for an admin."""
    rows = account.get_by_test_id("sessions").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("this one")
    expect(rows.nth(2)).to_contain_text("Firefox on Windows")


def test_an_api_token_is_shown_once(account: Page, console: CannedConsole) -> None:
    """A new API token's secret is shown until the dialog closes, and never again."""
    account.get_by_test_id("new-api-token").click()
    account.get_by_label("Name").fill("grafana")
    account.get_by_test_id("create-yes").click()
    expect(account.get_by_test_id("api-token-secret")).to_have_text(API_SECRET)
    account.get_by_role("button", name="Done").click()
    expect(account.get_by_text(API_SECRET)).to_have_count(0)
    expect(account.get_by_test_id("api-tokens")).to_contain_text("grafana")
    assert console.access.changes == [
        ("POST", "api-tokens", {"name": "grafana", "role": "viewer", "expires_seconds": 2_592_000})
    ]


def test_nobody_hands_on_more_than_they_have(page: Page, console: CannedConsole) -> None:
    """The roles of a new API token end at one's own."""
    console.access.identity.role = "operator"
    page.goto(f"{page.url}account")
    page.get_by_test_id("new-api-token").click()
    expect(page.get_by_label("Role").locator("option")).to_have_count(2)


def test_an_api_token_can_be_revoked(account: Page) -> None:
    """A revoked API token leaves the list."""
    account.get_by_test_id("api-tokens").get_by_role("button", name="Revoke").click()
    account.get_by_test_id("confirm-yes").click()
    expect(account.get_by_test_id("api-tokens-empty")).to_be_visible()


def test_a_password_is_changed_with_the_current_one(account: Page, console: CannedConsole) -> None:
    """Changing the password takes the current one, and says that other sessions have ended."""
    account.get_by_label("Current password", exact=True).fill("correct horse battery")
    account.get_by_label("New password", exact=True).fill("mornings smell of cold iron")
    account.get_by_test_id("change-password").click()
    expect(account.get_by_text("Your other sessions have ended")).to_be_visible()
    expect(account.get_by_label("New password", exact=True)).to_have_value("")
    assert console.access.changes[-1][1] == "password"


def test_a_wrong_current_password_does_not_sign_out(account: Page, console: CannedConsole, watch: Watch) -> None:
    """A mistyped current password is told in the form; the session stays."""
    watch.expect("401")
    console.access.refusal = Refusal(401, "bad_credentials", "User and password do not belong together.")
    account.get_by_label("Current password", exact=True).fill("wrong")
    account.get_by_label("New password", exact=True).fill("mornings smell of cold iron")
    account.get_by_test_id("change-password").click()
    expect(account.get_by_test_id("problem")).to_contain_text("do not belong together")
    expect(account.get_by_test_id("account")).to_be_visible()


def test_a_link_has_no_password(page: Page, console: CannedConsole) -> None:
    """Who came by a one-time link has sessions and no password to change."""
    console.access.identity.user = None
    page.goto(f"{page.url}account")
    expect(page.get_by_test_id("sessions")).to_be_visible()
    expect(page.get_by_role("heading", name="Password")).to_have_count(0)
