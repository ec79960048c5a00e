"""What a restored database takes over from the one that is given up."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_appliance.domain.access import (
    ApiToken,
    DropApiTokens,
    Link,
    SaveApiToken,
    SaveLink,
    SaveSession,
    Session,
    Visitor,
)
from sysmon_appliance.domain.audit import AppendAudit, Verdict, verify
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.drills import Drill, NoteDrill
from sysmon_appliance.domain.durability import Mark
from sysmon_appliance.domain.enrolment import RequestState, SaveRequest, SaveToken, TokenState
from sysmon_appliance.domain.identities import AskForRenewal, RevokeIssuer, SaveCertificate, SaveIdentity
from sysmon_appliance.domain.principals import Kind, Role
from sysmon_appliance.domain.segments import SetAside, SwapSegments
from sysmon_appliance.domain.users import Invitation, RemoveUser, SaveUser, User
from sysmon_appliance.errors import ReplicaBrokenError, StorageError
from sysmon_appliance.sqlite import LiveDatabase
from sysmon_appliance.sqlite.live import FILE_NAME
from sysmon_appliance.sqlite.restoring import RestoredFile
from tests.support.audit import a_change
from tests.support.clock import ManualClock
from tests.support.identities import A_CERTIFICATE, A_REQUEST, A_TOKEN, AN_IDENTITY
from tests.support.live import appends, commit, live
from tests.support.moments import copy_of
from tests.support.pushes import NOW_MS
from tests.support.storage import DAY, segment

ALICE = User("alice", Role.ADMIN, 1, "$argon2id$then")
BOB = User("bob", Role.OPERATOR, 2, "$argon2id$bob")
LINK = Link("a", "root", NOW_MS + 1)
SESSION = Session("b" * 64, Kind.USER, "alice", Visitor("192.0.2.1", "a browser"), 1, 1, NOW_MS + 1)
TOKEN = ApiToken("d", "e", "script", Role.OPERATOR, "alice", 1, NOW_MS + 1)
RESTORED_MS = NOW_MS + 600_000
ENTRY = AppendAudit(RESTORED_MS, "user:alice", "192.0.2.7", "backup.restore", "epoch-1", None, {"txid": 5})


class Going:
    """A database as it was, and as it is now; `back` goes back."""

    def __init__(self, folder: Path) -> None:
        self.now = folder / "now"
        self.then = folder / "then"

    def passes(self, then: Sequence[Change], since: Sequence[Change]) -> "Going":
        """Let some changes be those of the moment, and others those that follow."""
        with live(self.now) as database:
            assert commit(database, *then) is None
            copy_of(database.path, self.then / FILE_NAME)
            assert commit(database, *since) is None
        return self

    def back(self) -> LiveDatabase:
        """Open what was restored, as the next term does."""
        file, restored = RestoredFile(), self.then / FILE_NAME
        file.prepare(restored, now_ms=RESTORED_MS)
        file.carrying_over(restored, ENTRY)(self.now / FILE_NAME)
        return LiveDatabase.open(self.then, ManualClock())


@pytest.fixture
def going(tmp_path: Path) -> Going:
    return Going(tmp_path)


def test_what_was_stored_since_is_given_up(going: Going) -> None:
    """Streams end where they ended then, so that agents send again what came later."""
    with going.passes(appends(1, 5), appends(6, 4)).back() as database:
        (stream,) = database.state.streams
        assert (stream.last, stream.stored, database.state.next_batch) == (5, 5, 6)


def test_who_was_shut_out_stays_out(going: Going) -> None:
    """A host, an intermediate and an API token that were revoked since then are not let in again."""
    revoked = replace(AN_IDENTITY, public_key="", revoked_ms=NOW_MS + 1, reason="stolen")
    since = [SaveIdentity(revoked), RevokeIssuer("old", NOW_MS + 2, "lost"), DropApiTokens([TOKEN.id])]
    with going.passes([SaveIdentity(AN_IDENTITY), SaveApiToken(TOKEN)], since).back() as database:
        identity, users = database.state.identity, database.state.users
    assert identity.identities == [revoked]
    assert identity.revoked_issuers == ["old"]
    assert users.api_tokens == []


def test_certificates_stay_on_record(going: Going) -> None:
    """Certificates that were issued or revoked since then are known, and so is that agents were asked to renew."""
    later = replace(A_CERTIFICATE, serial="2f", issued_ms=NOW_MS + 5)
    revoked = replace(A_CERTIFICATE, revoked_ms=NOW_MS + 6, reason="stolen")
    approved = replace(A_REQUEST, state=RequestState.APPROVED, decided_ms=NOW_MS + 7)
    since = [SaveCertificate(later), SaveCertificate(revoked), SaveRequest(approved), AskForRenewal(NOW_MS + 9)]
    then = [SaveCertificate(A_CERTIFICATE), SaveRequest(A_REQUEST)]
    with going.passes(then, since).back() as database:
        identity = database.state.identity
    assert identity.certificates == [revoked, later]
    assert identity.requests == [approved]
    assert identity.renew_before_ms == NOW_MS + 9


def test_join_tokens_are_void(going: Going) -> None:
    """A token that could be used then cannot be now: nobody knows how often it was used since."""
    used_up = replace(A_TOKEN, id="t2", uses=1, used=1)
    with going.passes([SaveToken(A_TOKEN), SaveToken(used_up)], []).back() as database:
        states = {token.id: token.state(RESTORED_MS) for token in database.state.identity.tokens}
    assert states == {"t1": TokenState.REVOKED, "t2": TokenState.USED_UP}


def test_passwords_and_roles_are_not_what_they_were(going: Going) -> None:
    """A password that was changed stays changed, and a role that was lowered, or was lower then, stays low."""
    since = [
        SaveUser(replace(ALICE, password="$argon2id$now", role=Role.OPERATOR)),  # noqa: S106 - the form of a hash
        SaveUser(replace(BOB, role=Role.ADMIN)),
    ]
    with going.passes([SaveUser(ALICE), SaveUser(BOB)], since).back() as database:
        alice, bob = database.state.users.users
    assert (alice.password, alice.role) == ("$argon2id$now", Role.OPERATOR)
    assert (bob.role, bob.disabled) == (Role.OPERATOR, False)


def test_removed_users_come_back_shut_out(going: Going) -> None:
    """Who was removed or disabled since then cannot sign in, until somebody lets them."""
    invited = replace(BOB, invitation=Invitation("h", NOW_MS + 1))
    since = [RemoveUser("alice"), SaveUser(replace(BOB, disabled=True))]
    with going.passes([SaveUser(ALICE), SaveUser(invited)], since).back() as database:
        alice, bob = database.state.users.users
    assert alice.disabled
    assert bob.disabled
    assert bob.invitation is None


def test_sessions_and_links_end(going: Going) -> None:
    """Everybody signs in anew."""
    with going.passes([SaveSession(SESSION), SaveLink(LINK)], []).back() as database:
        assert (database.state.users.sessions, database.state.users.links) == ([], [])


def test_the_audit_log_goes_on(going: Going) -> None:
    """No entry is lost: what was done since then is there, then who went back, and heads that were noted still hold."""
    going.passes([a_change(1)], [a_change(2), a_change(3)])
    with live(going.now) as database:
        noted = database.audit.head()
    with going.back() as database:
        entries, head = list(database.audit.entries()), database.audit.head()
        assert verify(entries, [noted.hash], recorded=database.audit.head) == Verdict(head)
    assert [entry.members["action"] for entry in entries] == ["token.create"] * 3 + ["backup.restore"]
    assert entries[-1].members["after"] == {"txid": 5}


def test_later_segments_wait_to_be_deleted(going: Going) -> None:
    """Segments that were in force then are so again; those that came later are out of force, and only just."""
    first, second = segment(day=DAY), segment(day=DAY + 1)
    merged = segment(day=DAY, days=2, name="merged.sqlite")
    since = [SwapSegments((replace(merged, number=3),), (first.name, second.name), at_ms=NOW_MS + 1)]
    then = [SwapSegments((replace(first, number=1), replace(second, number=2)), sealed_up_to=0)]
    with going.passes(then, since).back() as database:
        assert [one.name for one in database.manifest.all()] == [first.name, second.name]
        assert [(one.name, one.dropped_ms) for one in database.manifest.dropped()] == [(merged.name, RESTORED_MS)]
        assert database.state.sealed_up_to == 0


def test_damage_stays_known(going: Going) -> None:
    """A segment that was found damaged since then is not taken for whole."""
    one = replace(segment(), number=1)
    with going.passes([SwapSegments((one,))], [SetAside(one.name, NOW_MS + 3)]).back() as database:
        assert [each.damaged_ms for each in database.manifest.all()] == [NOW_MS + 3]


def test_numbers_do_not_fall(going: Going) -> None:
    """Epoch and mark are above all that were ever seen, and the outcome of the newest drill is kept."""
    drill = Drill(NOW_MS, NOW_MS + 1, "epoch-1", 7)
    going.passes([Mark(3)], [Mark(9), NoteDrill(drill)])
    with live(going.now) as database:
        epoch = database.state.epoch
    with going.back() as database:
        assert database.state.mark > 9
        assert database.state.epoch == epoch + 1
        assert database.state.drill == drill


def test_another_history_is_refused(going: Going) -> None:
    """A database whose audit log is not the beginning of today's is not led with, and not touched."""
    going.passes([a_change(1)], [])
    with live(going.then) as database:
        assert commit(database, a_change(2)) is None
    with pytest.raises(ReplicaBrokenError):
        going.back()
    with live(going.then) as database:
        assert [entry.number for entry in database.audit.entries()] == [1, 2]


def test_without_the_present_nothing_is_restored(going: Going, tmp_path: Path) -> None:
    """Where the database that is given up is gone, nobody could say who was shut out: the restore fails."""
    going.passes([], [])
    going.now = tmp_path / "gone"
    with pytest.raises(StorageError, match="gone"):
        going.back()
