from dataclasses import replace

import pytest

from sysmon_appliance.domain.access import EndSessions, TouchSession, hash_secret
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.errors import StorageFullError
from sysmon_appliance.services.access import TOUCH_MS
from sysmon_appliance.services.sessions import LINK_MS, MAX_LINKS, MAX_SESSIONS
from tests.support.accounts import DAY_SECONDS, ELSEWHERE, HERE, IDLE_SECONDS, OPERATOR, People


async def opened(people: People) -> str:
    """Open a new link, and return the secret of the session."""
    session = await people.sessions.redeem(await people.sessions.new_link(OPERATOR), HERE)
    assert session
    return session


async def test_a_link_starts_one_session() -> None:
    """A link signs in once, and never again; who made it stands in the session."""
    people = People()
    link = await people.sessions.new_link(OPERATOR)
    session = await people.sessions.redeem(link, HERE)
    assert session
    who = people.who(session)
    assert who
    assert (who.kind, who.name, who.role, who.origin) == (Kind.LINK, "operator", Role.ADMIN, HERE.origin)
    assert await people.sessions.redeem(link, HERE) is None


@pytest.mark.parametrize("token", ["", "nonsense"])
async def test_other_tokens_open_nothing(token: str) -> None:
    """A guess opens nothing, and neither does a hash that was read from the database."""
    people = People()
    await people.sessions.new_link(OPERATOR)
    assert await people.sessions.redeem(token, HERE) is None
    assert people.who(token) is None
    session = await opened(people)
    assert people.who(hash_secret(session)) is None


async def test_links_expire() -> None:
    """A link that nobody opened is worth nothing after ten minutes."""
    people = People()
    link = await people.sessions.new_link(OPERATOR)
    people.clock.advance(LINK_MS / 1000)
    assert await people.sessions.redeem(link, HERE) is None


async def test_sessions_end_when_nobody_uses_them() -> None:
    """A session ends an hour after its last use, and goes on as long as it is used."""
    people = People()
    session = await opened(people)
    for _ in range(5):
        people.clock.advance(IDLE_SECONDS - 1)
        assert people.who(session)
    people.clock.advance(IDLE_SECONDS)
    assert people.who(session) is None
    assert people.sessions.of(OPERATOR) == []


async def test_looking_is_no_use() -> None:
    """Requests that no person makes, and open streams, do not keep a session from going idle."""
    people = People()
    session = await opened(people)
    people.clock.advance(IDLE_SECONDS - 1)
    who = people.access.of_session(session, HERE.origin, is_use=False)
    assert who
    assert people.access.holds(who)
    people.clock.advance(1)
    assert not people.access.holds(who)
    assert people.access.of_session(session, HERE.origin) is None


async def test_sessions_end_for_good() -> None:
    """However much it is used, a session ends after the configured time."""
    people = People()
    session = await opened(people)
    for _ in range(DAY_SECONDS // 1800 - 1):
        people.clock.advance(1800)
        assert people.who(session)
    people.clock.advance(1800)
    assert people.who(session) is None


async def test_uses_are_noted_now_and_then() -> None:
    """A use is written down at most every five minutes, and is not an entry of the audit log."""
    people = People()
    session = await opened(people)
    written, entries = len(people.barrier.committed), len(people.barrier.audited)
    people.clock.advance(TOUCH_MS / 1000)
    for _ in range(100):
        people.who(session)
    assert [type(change) for change in people.barrier.committed[written:]] == [TouchSession]
    assert len(people.barrier.audited) == entries


async def test_a_note_does_not_revive_what_has_ended() -> None:
    """A use that is noted after the session has ended changes nothing."""
    people = People()
    session = await opened(people)
    identity = next(iter(people.accounts.sessions))
    people.accounts.show(EndSessions([identity]))
    people.accounts.touch(TouchSession(identity, 5))
    assert people.who(session) is None


async def test_signing_in_again_ends_the_session_before() -> None:
    """A browser that opens another link has one session, a new one."""
    people = People()
    first = await opened(people)
    second = await people.sessions.redeem(await people.sessions.new_link(OPERATOR), HERE, replaces=first)
    assert second
    assert (people.who(first), people.who(second) is None) == (None, False)


async def test_everything_outlives_the_process() -> None:
    """Sessions and links that were made to last are good after a restart."""
    people = People()
    session, link = await opened(people), await people.sessions.new_link(OPERATOR)
    again = people.reopened()
    assert again.who(session)
    assert await again.sessions.redeem(link, HERE)


async def test_what_cannot_be_stored_does_not_happen() -> None:
    """While nothing can be made to last, no link is made or used up, and nobody is signed in."""
    people = People()
    link = await people.sessions.new_link(OPERATOR)
    people.barrier.error = StorageFullError("full")
    with pytest.raises(StorageFullError):
        await people.sessions.redeem(link, HERE)
    assert not people.accounts.sessions
    people.barrier.error = None
    assert await people.sessions.redeem(link, HERE)


async def test_links_and_sessions_are_bounded() -> None:
    """Of too many links or sessions the oldest go."""
    people = People()
    links = [await people.sessions.new_link(OPERATOR) for _ in range(MAX_LINKS + 1)]
    assert await people.sessions.redeem(links[0], HERE) is None
    sessions = []
    for _ in range(MAX_SESSIONS + 1):
        people.clock.advance(1)
        sessions.append(await opened(people))
    assert people.who(sessions[0]) is None
    assert people.who(sessions[-1])
    assert len(people.accounts.sessions) == MAX_SESSIONS


async def test_who_was_let_in_is_judged_again() -> None:
    """Whoever was let in holds it for as long as they would be let in with the same role."""
    people = People()
    await people.add("root", Role.ADMIN)
    who = people.who(await people.add("alice", Role.OPERATOR))
    assert who
    assert people.access.holds(who)
    assert not people.access.holds(replace(who, role=Role.ADMIN))
    await people.users.change(OPERATOR, "alice", disabled=True)
    assert not people.access.holds(who)
    assert people.access.holds(OPERATOR)


async def test_a_program_is_judged_again() -> None:
    """A token that was let in holds it until it is revoked."""
    people = People()
    token, text = await people.api_tokens.create(OPERATOR, "script", Role.VIEWER, 60)
    who = people.access.of_token(text, ELSEWHERE.origin)
    assert who
    assert people.access.holds(who)
    await people.api_tokens.revoke(OPERATOR, token.id)
    assert not people.access.holds(who)
    assert not people.access.holds(Principal(Kind.LINK, "x", Role.ADMIN, credential="gone"))
