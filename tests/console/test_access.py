import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Watch
from tests.support.canned_access import SECRET, Refusal
from tests.support.canned_console import CannedConsole

pytestmark = pytest.mark.browser


def visit(page: Page, path: str) -> Page:
    page.goto(f"{page.url}access{path}")
    expect(page.get_by_test_id("access-page")).to_be_visible()
    return page


def row(page: Page, table: str, text: str) -> Locator:
    return page.get_by_test_id(table).get_by_role("row").filter(has_text=text)


def dialog(page: Page) -> Locator:
    return page.locator("dialog[open]")


def last_change(console: CannedConsole) -> tuple[str, str, Any]:
    return console.access.changes[-1]


def test_the_overview_answers_who_waits_what_runs_out_and_who_did_what(page: Page) -> None:
    """The first page of the access area has a card for each question of the person on call."""
    visit(page, "")
    expect(page.get_by_test_id("overview-waiting")).to_contain_text("db-9")
    expect(page.get_by_test_id("overview-waiting").locator(".overview-number")).to_have_text("3")
    expect(page.get_by_test_id("overview-expiry")).to_contain_text(re.compile("cache-3.*was not renewed, expired"))
    expect(page.get_by_test_id("overview-changes").locator("li")).to_have_count(5)


def test_an_overview_without_answers_says_why(page: Page, console: CannedConsole, watch: Watch) -> None:
    """Where the server does not answer, each card says so."""
    watch.expect("503", "ERR_INCOMPLETE_CHUNKED_ENCODING")
    expect(page.get_by_test_id("waiting-badge")).to_be_visible()
    console.reachable = False
    page.get_by_role("link", name="Access").evaluate("link => { link.href = '/access'; link.click(); }")
    expect(page.get_by_test_id("problem")).to_have_count(3)
    console.reachable = True
    page.reload()
    expect(page.get_by_test_id("overview-waiting")).to_be_visible()


def test_a_quiet_overview_says_what_comes_next(page: Page, console: CannedConsole) -> None:
    """Where nothing waits or runs out, the cards say so, and what will be the first to need somebody."""
    console.access.identity.enrolments.clear()
    console.access.identity.certificates.clear()
    visit(page, "")
    expect(page.get_by_test_id("overview-waiting")).to_contain_text("Nobody waits")
    expect(page.get_by_test_id("overview-expiry")).to_contain_text(re.compile(r"issuing eu-1 2026, in 3\d\dd"))


def test_the_header_counts_the_hosts_that_wait(page: Page, console: CannedConsole) -> None:
    """The number of waiting hosts stands in the header of every page, and goes when the last is decided."""
    expect(page.get_by_test_id("waiting-badge")).to_have_text("3 waiting")
    del console.access.identity.enrolments[1:]
    visit(page, "/waiting")
    page.get_by_role("button", name="Reject db-9").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("waiting-empty")).to_contain_text("No host waits")
    expect(page.get_by_test_id("waiting-badge")).to_have_count(0)


def test_what_others_decide_shows_by_itself(page: Page, console: CannedConsole) -> None:
    """Every half minute the console asks again who waits, while its page is in sight."""
    page.clock.install()
    page.reload()
    expect(page.get_by_test_id("waiting-badge")).to_have_text("3 waiting")
    console.access.identity.enrolments.pop()
    page.clock.fast_forward(31_000)
    expect(page.get_by_test_id("waiting-badge")).to_have_text("2 waiting")


def test_a_host_is_approved_after_its_key_was_shown(page: Page, console: CannedConsole) -> None:
    """Approving shows the whole key first, and takes the host off the list."""
    visit(page, "/waiting")
    expect(row(page, "waiting", "web-1")).to_contain_text("It wants to take the place of web-1")
    page.get_by_role("button", name="Approve db-9").click()
    expect(dialog(page)).to_contain_text(re.compile("([0-9a-f]{8} ){7}[0-9a-f]{8}"))
    page.get_by_test_id("confirm-yes").click()
    expect(row(page, "waiting", "db-9")).to_have_count(0)
    assert last_change(console) == ("POST", "enrolments/e1/approve", {})


def test_a_decision_that_came_too_late_says_so(page: Page, console: CannedConsole, watch: Watch) -> None:
    """When somebody else has decided already, the dialog stays and says what happened."""
    watch.expect("409")
    visit(page, "/waiting")
    console.access.refusal = Refusal(
        409, "conflict", "This request was rejected already.", hint="sysmon enrolments list"
    )
    page.get_by_role("button", name="Approve db-9").click()
    page.get_by_test_id("confirm-yes").click()
    expect(dialog(page).get_by_test_id("problem")).to_contain_text("rejected already. sysmon enrolments list")


def test_a_join_token_is_shown_once_with_its_command(page: Page, console: CannedConsole) -> None:
    """A new token comes with the command to run on the host; afterwards only its name is listed."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit(page, "/tokens")
    page.get_by_test_id("new-token").click()
    dialog(page).get_by_label("Hosts").fill("20")
    dialog(page).get_by_label("Labels").fill("role=web")
    dialog(page).get_by_label("Each host waits").check()
    page.get_by_test_id("create-yes").click()
    expect(page.get_by_test_id("token-command")).to_have_text(f"sysmon-agent enroll {SECRET}")
    page.get_by_role("button", name="Copy the command").click()
    expect(page.get_by_role("button", name="Copy the command")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"sysmon-agent enroll {SECRET}"
    assert last_change(console) == (
        "POST",
        "tokens",
        {"ttl_seconds": 3600, "uses": 20, "labels": {"role": "web"}, "approval": True, "replace": ""},
    )
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text(SECRET)).to_have_count(0)
    expect(row(page, "tokens", "20 of 20")).to_be_visible()


def test_a_token_that_replaces_a_host_is_for_one_host(page: Page, console: CannedConsole) -> None:
    """Choosing a host to replace leaves one use, and sends the host's id."""
    visit(page, "/tokens?new=1")
    dialog(page).get_by_label("Replaces").select_option(label="db-1")
    expect(dialog(page).get_by_label("Hosts")).to_have_value("1")
    page.get_by_test_id("create-yes").click()
    expect(page.get_by_test_id("created")).to_be_visible()
    assert last_change(console)[2]["replace"] == console.hosts[1].id


def test_labels_that_are_none_are_not_sent(page: Page, console: CannedConsole) -> None:
    """A text that is no label is refused in the form, with the part that is wrong."""
    visit(page, "/tokens?new=1")
    labels = dialog(page).get_by_label("Labels")
    labels.fill("role=web prod")
    page.get_by_test_id("create-yes").click()
    assert labels.evaluate("input => input.validationMessage") == "“prod” is no label; write role=db."
    assert console.access.changes == []


def test_what_is_shown_once_survives_a_stray_click(page: Page) -> None:
    """A click beside a new token's dialog does not take the only sight of it away."""
    visit(page, "/tokens?new=1")
    page.get_by_test_id("create-yes").click()
    expect(page.get_by_test_id("token-command")).to_be_visible()
    page.mouse.click(5, 500)
    expect(page.get_by_test_id("token-command")).to_be_visible()


def test_a_join_token_can_be_revoked(page: Page) -> None:
    """Revoking asks first, then shows the token as revoked."""
    visit(page, "/tokens")
    usable = row(page, "tokens", "needs approval")
    usable.get_by_role("button", name="Revoke").click()
    page.get_by_test_id("confirm-yes").click()
    expect(usable).to_contain_text("revoked")
    expect(usable.get_by_role("button")).to_have_count(0)


def test_certificates_that_should_have_renewed_come_first(page: Page) -> None:
    """The list begins with what expires first, and warns of what was not renewed."""
    visit(page, "/certificates")
    expect(page.get_by_test_id("neglected")).to_contain_text("2 certificates should have been renewed.")
    expect(page.get_by_test_id("certificates").get_by_role("row").nth(1)).to_contain_text("not renewed")
    page.get_by_role("button", name="Expires").click()
    expect(page).to_have_url(re.compile("sort=-expires"))
    expect(page.get_by_role("columnheader", name="Expires")).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_test_id("certificates").get_by_role("row").last).to_contain_text("not renewed")


def test_certificates_are_found_by_state_and_host(page: Page) -> None:
    """State and text narrow the list, and stand in the address."""
    visit(page, "/certificates")
    page.get_by_test_id("state-revoked").click()
    expect(row(page, "certificates", "stolen from the rack")).to_be_visible()
    page.get_by_test_id("state-all").click()
    page.get_by_label("Filter by host or serial number").fill("db-1")
    expect(page.get_by_test_id("certificates").get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile("state=all.*filter=db-1"))


def test_a_certificate_is_revoked_with_a_reason(page: Page, console: CannedConsole) -> None:
    """Revoking wants a reason, says what it does, and takes the certificate off the valid ones."""
    visit(page, "/certificates?filter=db-4")
    page.get_by_role("button", name="Revoke the certificate of db-4").click()
    expect(dialog(page)).to_contain_text("the host must join anew")
    dialog(page).get_by_label("Reason").fill("lost laptop")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("certificates-empty")).to_be_visible()
    assert last_change(console)[2] == {"reason": "lost laptop"}


def test_rotating_says_how_many_agents_were_asked(page: Page, console: CannedConsole) -> None:
    """A rotation tells how many agents will renew."""
    visit(page, "/certificates")
    page.get_by_test_id("rotate").click()
    dialog(page).get_by_label("Ask every agent to renew").check()
    page.get_by_test_id("create-yes").click()
    expect(page.get_by_test_id("created")).to_contain_text("24 agents will renew")
    assert last_change(console) == ("POST", "certificates/rotate", {"agents": True})


def test_a_user_is_invited_by_a_link_that_this_browser_can_reach(page: Page, console: CannedConsole) -> None:
    """A new user comes with an invitation at the console's address, though the server knows itself by another."""
    visit(page, "/users")
    page.get_by_test_id("new-user").click()
    dialog(page).get_by_label("Name").fill("barbara")
    dialog(page).get_by_label("Role").select_option("operator")
    page.get_by_test_id("create-yes").click()
    expect(page.get_by_test_id("invitation-link")).to_have_text(re.compile(rf"^{console.origin}/invite/\S+$"))
    assert last_change(console) == ("POST", "users", {"name": "barbara", "role": "operator"})
    page.get_by_role("button", name="Done").click()
    expect(row(page, "users", "barbara")).to_contain_text("invited")


def test_users_change_roles_and_go(page: Page, console: CannedConsole) -> None:
    """Role, disabling and removal each ask first and show what came of it."""
    visit(page, "/users")
    page.get_by_role("button", name="Role: grace").click()
    dialog(page).get_by_label("Role").select_option("admin")
    page.get_by_test_id("confirm-yes").click()
    expect(row(page, "users", "grace")).to_contain_text("admin")
    page.get_by_role("button", name="Disable: grace").click()
    page.get_by_test_id("confirm-yes").click()
    expect(row(page, "users", "grace")).to_contain_text("disabled")
    page.get_by_role("button", name="Remove: grace").click()
    page.get_by_test_id("confirm-yes").click()
    expect(row(page, "users", "grace")).to_have_count(0)
    assert [change[:2] for change in console.access.changes] == [
        ("PATCH", "users/grace"),
        ("PATCH", "users/grace"),
        ("DELETE", "users/grace"),
    ]


def test_the_last_admin_stays(page: Page, console: CannedConsole, watch: Watch) -> None:
    """A refusal is shown where it was asked for, with the command that helps."""
    watch.expect("409")
    visit(page, "/users")
    console.access.refusal = Refusal(409, "last_admin", "ada is the last admin.", hint="sysmon users list")
    page.get_by_role("button", name="Remove: ada").click()
    page.get_by_test_id("confirm-yes").click()
    expect(dialog(page).get_by_test_id("problem")).to_have_text("ada is the last admin. sysmon users list")


def test_an_admin_ends_somebodys_session(page: Page, console: CannedConsole) -> None:
    """The admin sees every session and can end each but the one in use."""
    visit(page, "/sessions")
    expect(row(page, "sessions", "this one").get_by_role("button")).to_have_count(0)
    expect(row(page, "sessions", "root")).to_contain_text("by a one-time link")
    row(page, "sessions", "grace").get_by_role("button", name="End").click()
    page.get_by_test_id("confirm-yes").click()
    expect(row(page, "sessions", "grace")).to_have_count(0)
    assert last_change(console)[:2] == ("DELETE", "sessions/s3")


def test_an_admin_revokes_somebodys_api_token(page: Page, console: CannedConsole) -> None:
    """Tokens of others, with which programs act in their names, are the admin's to revoke."""
    visit(page, "/sessions")
    expect(row(page, "api-tokens", "deploy")).to_contain_text("grace")
    page.get_by_role("button", name="Revoke deploy").click()
    page.get_by_test_id("confirm-yes").click()
    expect(row(page, "api-tokens", "deploy")).to_have_count(0)
    assert last_change(console)[:2] == ("DELETE", "api-tokens/a3")


def test_the_audit_log_tells_before_from_after(page: Page) -> None:
    """An entry shows what it changed, and older entries come on demand."""
    visit(page, "/audit")
    changed = row(page, "audit", "user.change").first
    expect(changed.locator("del")).to_have_text("viewer")
    expect(changed.locator("ins")).to_have_text("operator")
    expect(page.get_by_test_id("audit").get_by_role("row")).to_have_count(51)
    page.get_by_test_id("older").click()
    expect(page.get_by_test_id("audit").get_by_role("row")).to_have_count(64)
    expect(page.get_by_test_id("older")).to_have_count(0)


def test_the_audit_log_is_filtered_by_a_click_and_by_typing(page: Page) -> None:
    """A click on an actor shows what else they did; the address keeps the filter."""
    visit(page, "/audit")
    page.get_by_role("link", name="user:grace").first.click()
    expect(page).to_have_url(re.compile("actor=user%3Agrace"))
    expect(page.get_by_test_id("audit-actor")).to_have_value("user:grace")
    expect(row(page, "audit", "user:ada")).to_have_count(0)
    page.get_by_test_id("audit-target").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("audit-empty")).to_have_text("No entry matches.")


def test_the_audit_log_verifies_itself(page: Page, console: CannedConsole) -> None:
    """Verifying says that the chain holds and where it ends, or which entry broke it."""
    visit(page, "/audit")
    page.get_by_test_id("verify").click()
    expect(page.get_by_test_id("verified")).to_contain_text(re.compile("Intact: 63 entries.*[0-9a-f]{64}"))
    console.access.identity.intact = False
    page.get_by_test_id("verify").click()
    expect(page.get_by_test_id("verified")).to_contain_text("Entry 17 does not fit the chain")


def test_the_audit_log_is_exported_as_a_file(page: Page) -> None:
    """Export downloads JSON lines."""
    visit(page, "/audit")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename == "audit.jsonl"


@pytest.mark.parametrize(
    ("role", "tabs"),
    [
        ("viewer", ["Overview", "Certificates"]),
        ("operator", ["Overview", "Hosts waiting", "Join tokens", "Certificates"]),
    ],
)
def test_only_what_a_role_may_do_is_shown(page: Page, console: CannedConsole, role: str, tabs: list[str]) -> None:
    """Tabs of a higher role are left out, and nobody is counted for those who may not decide."""
    console.access.identity.role = role
    page.reload()
    visit(page, "")
    expect(page.get_by_role("navigation", name="Access").get_by_role("link")).to_have_text(tabs)
    expect(page.get_by_test_id("waiting-badge")).to_have_count(0 if role == "viewer" else 1)


def test_a_page_of_a_higher_role_says_which(page: Page, console: CannedConsole) -> None:
    """Who follows a link to a page beyond their role learns which role it needs."""
    console.access.identity.role = "operator"
    visit(page, "/users")
    expect(page.get_by_test_id("forbidden")).to_contain_text("needs the role admin; yours is operator")


def test_a_viewer_cannot_revoke(page: Page, console: CannedConsole) -> None:
    """A viewer sees certificates without what changes them."""
    console.access.identity.role = "viewer"
    visit(page, "/certificates")
    expect(row(page, "certificates", "db-1")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Revoke"))).to_have_count(0)
    expect(page.get_by_test_id("rotate")).to_have_count(0)


def test_access_has_keys_and_a_place_in_the_palette(page: Page) -> None:
    """`g w` goes to the waiting hosts, and the palette opens the form of a new token."""
    expect(page.get_by_test_id("waiting-badge")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("w")
    expect(page.get_by_test_id("waiting")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("new join")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_label("Usable for")).to_be_focused()


def test_a_host_says_how_its_certificate_stands(page: Page) -> None:
    """The facts of a host tell when its certificate expires, and whether it was not renewed."""
    page.goto(f"{page.url}hosts/web-1")
    expect(page.locator(".facts")).to_contain_text(re.compile("Certificateexpires in"))
    page.goto(page.url.replace("web-1", "web-2"))
    expect(page.locator(".facts")).to_contain_text("Certificatenot renewed, expires in 3h")
