"""Access in the real program: a real region, a real agent that joins it, and what a browser makes of both."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from sysmon_agent.clock import SystemClock
from tests.console.conftest import Watch
from tests.support.pki import REGION, station
from tests.support.system import System, UnixConnection, system_in

pytestmark = pytest.mark.browser

PASSWORD = "mornings smell of cold iron"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    """An aggregator that lets hosts in, with an intermediate of its own."""
    station(tmp_path / "region", SystemClock())
    pki = tmp_path / "region" / "pki"
    with system_in(tmp_path) as system:
        system.start_aggregator(
            region=REGION,
            ingest={
                "listen": f"127.0.0.1:{system.ingest_port}",
                "certificate": str(pki / "aggregator.pem"),
                "key": str(pki / "aggregator-key.pem"),
                "authority": str(pki / "ca.pem"),
            },
            enrolment={"addresses": [f"127.0.0.1:{system.ingest_port}"]},
        )
        system.ready()
        yield system


@pytest.fixture
def admin(context: BrowserContext, system: System, watch: Watch) -> Page:
    """The fleet page of an admin who has just followed an invitation."""
    page = context.new_page()
    watch.attach(page)
    page.goto(invitation(system))
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_test_id("accept").click()
    expect(page.get_by_test_id("empty")).to_be_visible()
    return page


def invitation(system: System) -> str:
    connection = UnixConnection(system.socket)
    headers = {"X-Sysmon": "1", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/users", json.dumps({"name": "ada", "role": "admin"}), headers)
    link: str = json.loads(connection.getresponse().read())["invitation"]
    connection.close()
    return link


def go(page: Page, path: str) -> None:
    """Go to a page of the same console without loading it anew, as a click on a link does."""
    page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)


def join(page: Page, system: System, folder: Path) -> None:
    """Let a host in: make a token that asks for approval, enrol with it, and approve what waits."""
    go(page, "/access/tokens?new=1")
    page.get_by_label("Labels").fill("role=db")
    page.get_by_label("Each host waits").check()
    page.get_by_test_id("create-yes").click()
    command = page.get_by_test_id("token-command").inner_text()
    page.get_by_role("button", name="Done").click()
    enrolling = system.start(["-m", *enrolment(command, folder)], "enroll")
    enrolling.says("An operator must approve this host")
    go(page, "/access/waiting")
    page.get_by_role("button", name="Approve new-host").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("waiting-empty")).to_be_visible()
    assert enrolling.wait() == 0, enrolling.output()


def enrolment(command: str, folder: Path) -> list[str]:
    """The command that the console showed, for an agent whose files are all in a folder."""
    program, *rest = command.split()
    assert program == "sysmon-agent"
    pki = folder / "pki"
    settings = folder / "agent.yaml"
    folder.mkdir()
    settings.write_text(
        json.dumps(
            {
                "name": "new-host",
                "interval_seconds": 1,
                "tls": {
                    "certificate": str(pki / "agent.pem"),
                    "key": str(pki / "agent-key.pem"),
                    "authority": str(pki / "ca.pem"),
                },
                "spool": {"directory": str(folder / "spool"), "min_free_bytes": 0},
                "uplink": {"backoff_seconds": 1},
            }
        ),
        encoding="utf-8",
    )
    return ["sysmon_agent", *rest, "--config", str(settings)]


def test_a_host_joins_reports_and_is_shut_out(admin: Page, system: System, tmp_path: Path) -> None:
    """Token, approval, data, revocation and the record of all of it, each by a click on the real console."""
    join(admin, system, tmp_path / "agent")
    agent = system.start(["-m", "sysmon_agent", "run", "--config", str(tmp_path / "agent" / "agent.yaml")], "agent")
    go(admin, "/")
    host = admin.locator('[data-host="new-host"]')
    expect(host).to_contain_text("role=db")
    host.get_by_role("link").click()
    expect(admin.locator(".facts")).to_contain_text(re.compile("Certificateexpires in"))
    go(admin, "/access/certificates")
    expect(admin.get_by_test_id("signers")).to_contain_text("Issuer")
    admin.get_by_role("button", name="Revoke the certificate of new-host").click()
    admin.get_by_label("Reason").fill("a test")
    admin.get_by_test_id("confirm-yes").click()
    expect(admin.get_by_test_id("certificates-empty")).to_be_visible()
    agent.says("certificate_revoked")
    go(admin, "/access/audit")
    admin.get_by_test_id("verify").click()
    expect(admin.get_by_test_id("verified")).to_contain_text("Intact:")
    for action in ("token.create", "enrolment.approve", "host.enrol", "certificate.revoke"):
        expect(admin.get_by_test_id("audit").get_by_role("link", name=action).first).to_be_visible()


def test_signing_in_and_out_with_a_password(admin: Page, system: System, watch: Watch) -> None:
    """A user signs out, is told of a wrong password, and is in with the right one."""
    watch.expect("401")
    admin.get_by_test_id("account-button").click()
    admin.get_by_test_id("sign-out").click()
    admin.get_by_label("User", exact=True).fill("ada")
    admin.get_by_label("Password", exact=True).fill("not the password")
    admin.get_by_test_id("sign-in").click()
    expect(admin.get_by_test_id("problem")).to_contain_text("do not belong together")
    admin.get_by_label("Password", exact=True).fill(PASSWORD)
    admin.get_by_test_id("sign-in").click()
    expect(admin.get_by_test_id("empty")).to_be_visible()
    go(admin, "/account")
    expect(admin.get_by_test_id("sessions")).to_contain_text("this one")
    assert system.get("/api/v1/users")["users"][0]["last_signed_in"] > 0
