"""`sysmon certs`."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from tests.support.console_server import console_server
from tests.support.shell import Shell

CERTIFICATES = "/api/v1/certificates"


@pytest.fixture
def sysmon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    with console_server(tmp_path / "s.sock") as console:
        yield Shell(tmp_path / "s.sock", console, capsys)


def a_certificate(**changes: Any) -> dict[str, Any]:
    now = SystemClock().wall_ms()
    return {
        "serial": "0a1b",
        "role": "agent",
        "subject": "ab" * 16,
        "name": "web-01",
        "issuer": "one",
        "issued": now,
        "expires": now + 172_800_000 + 30_000,
        "renew_at": 1_800_000_000_000,
        "state": "valid",
        "revoked": None,
        "reason": "",
    } | changes


def test_certificates_are_listed(sysmon: Shell) -> None:
    """The list says whose each certificate is, whether it counts, and until when."""
    page = {"certificates": [a_certificate(), a_certificate(serial="0c", state="revoked", revoked=1)], "next": None}
    sysmon.console.answer(CERTIFICATES, page)
    assert sysmon("certs", "list", "--host", "web-01", "--state", "valid") == 0
    assert sysmon.console.asked == ["GET /api/v1/certificates?host=web-01&state=valid&limit=1000"]
    first, second = sysmon.out.splitlines()[1:]
    assert first.split()[:3] == ["0a1b", "web-01", "valid"]
    assert "in 2 d" in first
    assert first.split()[-3:] == ["2027-01-15", "08:00", "one"]
    assert "revoked" in second
    assert sysmon("certs", "list", "-o", "json") == 0
    assert [one["serial"] for one in json.loads(sysmon.out)["certificates"]] == ["0a1b", "0c"]


def test_a_certificate_is_shown(sysmon: Shell) -> None:
    """All that is known of a certificate is shown, the reason of its revocation too."""
    sysmon.console.answer(f"{CERTIFICATES}/0a1b", a_certificate(state="revoked", revoked=1, reason="stolen"))
    assert sysmon("certs", "show", "0a1b") == 0
    rows = dict(line.split(maxsplit=1) for line in sysmon.out.splitlines()[1:])
    assert (rows["role"], rows["state"], rows["reason"]) == ("agent", "revoked", "stolen")


def test_a_certificate_is_revoked_after_a_yes(sysmon: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever revokes is told which host it shuts out, and asked."""
    sysmon.console.answer(f"{CERTIFICATES}/0a1b", a_certificate())
    sysmon.console.answer(f"{CERTIFICATES}/0a1b/revoke", a_certificate(state="revoked"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert sysmon("certs", "revoke", "0a1b") == 6
    assert "Shut out web-01" in sysmon.err
    assert not sysmon.console.sent
    assert sysmon("certs", "revoke", "0a1b", "--reason", "stolen", "--yes") == 0
    assert sysmon.out == "web-01 is shut out.\n"
    assert sysmon.console.sent == [{"reason": "stolen"}]


def test_an_issuer_is_revoked_after_a_yes(sysmon: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that an intermediate has signed is shut out at once, when that was confirmed."""
    sysmon.console.answer("/api/v1/issuers/one%20two/revoke", {"issuer": "one two"})
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert sysmon("certs", "revoke-issuer", "one two") == 6
    assert not sysmon.console.asked
    assert sysmon("certs", "revoke-issuer", "one two", "--yes") == 0
    assert sysmon.out == "Nothing that one two has signed counts any more.\n"


def test_a_rotation_is_begun_and_followed(sysmon: Shell) -> None:
    """A rotation says what is new, and how many hosts are still to follow."""
    root = {"name": "root", "fingerprint": "ff", "expires": 1_800_000_000_000}
    sysmon.console.answer(
        f"{CERTIFICATES}/rotate", {"asked": 12, "issuer": root, "aggregator": {"serial": "0d", "expires": 2}}
    )
    assert sysmon("certs", "rotate") == 0
    assert sysmon.out == "The aggregator has a new certificate, 0d.\n"
    assert sysmon("certs", "rotate", "--agents") == 0
    assert "12 agents were asked to renew theirs" in sysmon.out
    assert sysmon.console.sent == [{"agents": False}, {"agents": True}]
    progress = {"authority": [root], "by_issuer": [{"issuer": "one", "valid": 12}], "without_newest_root": 3}
    sysmon.console.answer(f"{CERTIFICATES}/rotation", progress)
    assert sysmon("certs", "rotation") == 0
    assert [line.split() for line in sysmon.out.splitlines()[1:]] == [
        ["root", "root", "until", "2027-01-15", "08:00"],
        ["hosts", "by", "issuer", "one", "12"],
        ["hosts", "without", "the", "newest", "root", "3"],
    ]
