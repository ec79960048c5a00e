from pathlib import Path

from sysmon_appliance.domain.access import (
    ApiToken,
    DropApiTokens,
    DropLinks,
    EndSessions,
    Link,
    SaveApiToken,
    SaveLink,
    SaveSession,
    Session,
    TouchApiToken,
    TouchSession,
    Visitor,
)
from sysmon_appliance.domain.principals import Kind, Role
from sysmon_appliance.domain.users import Invitation, RemoveUser, SaveUser, User, UsersState
from tests.support.live import commit, live

ALICE = User("alice", Role.ADMIN, 1, "$argon2id$", disabled=True, last_signed_in_ms=2)
BOB = User("bob", Role.VIEWER, 3, invitation=Invitation("h", 4))
LINK = Link("a", "root", 5)
SESSION = Session("b" * 64, Kind.USER, "alice", Visitor("192.0.2.1", "a browser"), 6, 7, 8)
OPENED = Session("c" * 64, Kind.LINK, "root", Visitor(), 9, 9, 10)
TOKEN = ApiToken("d", "e", "script", Role.OPERATOR, "alice", 11, 12)
EVERYTHING = [
    SaveUser(ALICE),
    SaveUser(BOB),
    SaveLink(LINK),
    SaveSession(SESSION),
    SaveSession(OPENED),
    SaveApiToken(TOKEN),
]


def known(folder: Path) -> UsersState:
    with live(folder) as database:
        return database.state.users


def test_everything_is_read_back(tmp_path: Path) -> None:
    """Users, links, sessions and API tokens are after a restart what they were before."""
    with live(tmp_path) as database:
        assert commit(database, *EVERYTHING) is None
    assert known(tmp_path) == UsersState([ALICE, BOB], [LINK], [SESSION, OPENED], [TOKEN])


def test_what_is_gone_stays_gone(tmp_path: Path) -> None:
    """What was removed is not there after a restart, and a late note of its use does not bring it back."""
    with live(tmp_path) as database:
        assert commit(database, *EVERYTHING) is None
        gone = [RemoveUser("bob"), DropLinks(["a"]), EndSessions([OPENED.id]), DropApiTokens(["d"])]
        assert commit(database, *gone, TouchSession(OPENED.id, 99), TouchApiToken("d", 99)) is None
    assert known(tmp_path) == UsersState([ALICE], [], [SESSION], [])


def test_users_are_replaced_and_uses_noted(tmp_path: Path) -> None:
    """A user is saved over what was known of them; a use changes nothing but its moment."""
    with live(tmp_path) as database:
        assert commit(database, *EVERYTHING) is None
        changed = User("bob", Role.OPERATOR, 3, "$argon2id$")
        assert commit(database, SaveUser(changed), TouchSession(SESSION.id, 70), TouchApiToken("d", 80)) is None
    state = known(tmp_path)
    assert state.users[1] == changed
    assert (state.sessions[0].last_used_ms, state.api_tokens[0].last_used_ms) == (70, 80)
