"""What is known of hosts' identities survives a restart."""

from dataclasses import replace
from pathlib import Path

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.enrolment import (
    ForgetRequests,
    ForgetTokens,
    IdentityState,
    RequestState,
    SaveRequest,
    SaveToken,
)
from sysmon_appliance.domain.identities import (
    AskForRenewal,
    ForgetCertificates,
    RevokeCertificates,
    RevokeIssuer,
    SaveCertificate,
    SaveIdentity,
)
from tests.support.identities import A_CERTIFICATE, A_REQUEST, A_TOKEN, AN_IDENTITY
from tests.support.live import commit, live
from tests.support.pushes import HOST, NOW_MS

EVERYTHING: tuple[Change, ...] = (
    SaveToken(A_TOKEN),
    SaveRequest(A_REQUEST),
    SaveIdentity(AN_IDENTITY),
    SaveCertificate(A_CERTIFICATE),
)


def after(folder: Path, *changes: Change) -> IdentityState:
    """Return what is known at the next start, after these changes."""
    with live(folder) as database:
        assert commit(database, *changes) is None
    with live(folder) as database:
        return database.state.identity


def test_everything_is_there_again(tmp_path: Path) -> None:
    """Tokens, requests, identities and certificates are read back as they were saved."""
    assert after(tmp_path, *EVERYTHING) == IdentityState([A_TOKEN], [A_REQUEST], [AN_IDENTITY], [A_CERTIFICATE], [])


def test_the_newest_counts(tmp_path: Path) -> None:
    """What is saved again replaces what was known."""
    used = replace(A_TOKEN, used=1)
    approved = replace(A_REQUEST, state=RequestState.APPROVED, decided_ms=NOW_MS)
    revoked = replace(AN_IDENTITY, public_key="", revoked_ms=NOW_MS, reason="stolen")
    changes = SaveToken(used), SaveRequest(approved), SaveIdentity(revoked)
    known = after(tmp_path, *EVERYTHING, *changes)
    assert (known.tokens, known.requests, known.identities) == ([used], [approved], [revoked])


def test_a_revocation_covers_what_was_issued_before(tmp_path: Path) -> None:
    """Revoking a host's certificates marks those that were issued, once, and none that comes later."""
    later = replace(A_CERTIFICATE, serial="2f", issued_ms=NOW_MS + 2)
    others = replace(A_CERTIFICATE, serial="3f", host_id="f" * 32, issued_ms=NOW_MS + 3)
    known = after(
        tmp_path,
        SaveCertificate(A_CERTIFICATE),
        SaveCertificate(others),
        RevokeCertificates(HOST, NOW_MS + 1, "replaced"),
        SaveCertificate(later),
        RevokeCertificates("e" * 32, NOW_MS + 1, "of nobody"),
    )
    assert known.certificates == [replace(A_CERTIFICATE, revoked_ms=NOW_MS + 1, reason="replaced"), later, others]


def test_revoked_issuers_and_calls_for_renewal_are_kept(tmp_path: Path) -> None:
    """An intermediate that was revoked stays so, and the last call for renewal is remembered."""
    changes = RevokeIssuer("one", 1, "stolen"), RevokeIssuer("one", 2, "again"), AskForRenewal(5), AskForRenewal(7)
    known = after(tmp_path, *changes)
    assert (known.revoked_issuers, known.renew_before_ms) == (["one"], 7)


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    """Tokens, requests and certificates can be forgotten; the identity stays."""
    forgotten = ForgetTokens(["t1"]), ForgetRequests(["e1"]), ForgetCertificates(["1f"])
    assert after(tmp_path, *EVERYTHING, *forgotten) == IdentityState([], [], [AN_IDENTITY], [], [])
