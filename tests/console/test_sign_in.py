import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Watch
from tests.support.canned_access import INVITATION, Refusal
from tests.support.canned_console import CannedConsole

pytestmark = pytest.mark.browser

WRONG = Refusal(401, "bad_credentials", "User and password do not belong together.")


@pytest.fixture
def entrance(page: Page, console: CannedConsole, watch: Watch) -> Page:
    """The sign-in page."""
    watch.expect("401", "429", "503")
    console.signed_in = False
    page.reload()
    expect(page.get_by_test_id("signed-out")).to_be_visible()
    return page


def sign_in(page: Page) -> None:
    page.get_by_label("User", exact=True).fill("ada")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_test_id("sign-in").click()


def test_a_password_opens_the_page_that_was_asked_for(entrance: Page, console: CannedConsole) -> None:
    """Signing in shows the page in the address, with its data."""
    console.access.on_sign_in = lambda: setattr(console, "signed_in", True)
    sign_in(entrance)
    expect(entrance.get_by_test_id("hosts")).to_be_visible()
    assert console.access.changes == [("POST", "session", {"user": "ada", "password": "correct horse battery"})]


def test_a_wrong_password_says_so_and_keeps_what_was_typed(entrance: Page, console: CannedConsole) -> None:
    """A wrong password is told without a word about which of the two was wrong."""
    console.access.refusal = WRONG
    sign_in(entrance)
    expect(entrance.get_by_test_id("problem")).to_contain_text("do not belong together")
    expect(entrance.get_by_label("User", exact=True)).to_have_value("ada")


def test_a_lock_out_counts_down_and_ends(entrance: Page, console: CannedConsole) -> None:
    """Locked out, the page says for how long, takes no try meanwhile, and takes one afterwards."""
    console.access.refusal = Refusal(429, "locked_out", "Too many wrong passwords.", retry_after=3)
    sign_in(entrance)
    expect(entrance.get_by_test_id("locked-out")).to_contain_text(re.compile(r"Try again in \d s"))
    expect(entrance.get_by_test_id("sign-in")).to_be_disabled()
    expect(entrance.get_by_test_id("sign-in")).to_be_enabled()


def test_an_aggregator_that_does_not_answer_is_no_wrong_password(entrance: Page, console: CannedConsole) -> None:
    """While the aggregator starts, signing in says that instead of blaming the password."""
    console.reachable = False
    sign_in(entrance)
    expect(entrance.get_by_test_id("problem")).to_contain_text("starting")


def test_a_password_can_be_shown(entrance: Page) -> None:
    """A button shows the password that is being typed, and hides it again."""
    field = entrance.get_by_label("Password", exact=True)
    field.fill("secret")
    entrance.get_by_role("button", name="Show: Password").click()
    expect(field).to_have_attribute("type", "text")
    entrance.get_by_role("button", name="Show: Password").click()
    expect(field).to_have_attribute("type", "password")


def test_password_managers_know_the_fields(entrance: Page) -> None:
    """The fields carry the names by which password managers fill them."""
    expect(entrance.get_by_label("User", exact=True)).to_have_attribute("autocomplete", "username")
    expect(entrance.get_by_label("Password", exact=True)).to_have_attribute("autocomplete", "current-password")


def test_an_invitation_says_for_whom_and_judges_the_password(page: Page, console: CannedConsole) -> None:
    """An invited user sees name and role, learns what a good password is, and is in with it."""
    page.goto(f"{console.origin}/invite/{INVITATION}")
    expect(page.get_by_test_id("invitation")).to_contain_text("You are linus, viewer")
    field, accept = page.get_by_label("New password", exact=True), page.get_by_test_id("accept")
    for password, words in (
        ("too short", "3 more"),
        ("aaaaaaaaaaaaaa", "Too few different"),
        ("only twelve c", "Good"),
    ):
        field.fill(password)
        expect(page.get_by_test_id("strength")).to_contain_text(words)
    expect(accept).to_be_enabled()
    field.fill("mornings smell of cold iron")
    expect(page.get_by_test_id("strength")).to_have_text("Strong")
    accept.click()
    expect(page.get_by_test_id("hosts")).to_be_visible()
    assert console.access.changes[-1] == (
        "POST",
        f"invitations/{INVITATION}",
        {"password": "mornings smell of cold iron"},
    )


def test_an_invitation_that_is_gone_says_what_to_do(page: Page, console: CannedConsole, watch: Watch) -> None:
    """A used or mistyped invitation names the command that makes another."""
    watch.expect("404")
    page.goto(f"{console.origin}/invite/gone")
    expect(page.get_by_test_id("no-invitation")).to_contain_text("sysmon users invite NAME")


def test_a_page_that_is_open_ends_at_the_sign_in_page(page: Page) -> None:
    """Signing out by the account menu leads to the sign-in page."""
    expect(page.get_by_test_id("hosts")).to_be_visible()
    page.get_by_test_id("account-button").click()
    expect(page.get_by_test_id("account-menu")).to_contain_text("ada")
    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("signed-out")).to_be_visible()
