from collections.abc import Iterator, Sequence
from itertools import count

import pytest

from sysmon_appliance.domain.access import Grant, hash_secret
from sysmon_appliance.services.access import LINK_MS, MAX_LINKS, MAX_SESSIONS, Access, random_secret
from tests.support.clock import ManualClock
from tests.support.head import Sessions

DAY_SECONDS = 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def numbered() -> Iterator[str]:
    return (f"secret-{number}" for number in count())


def access(clock: ManualClock, store: Sessions | None = None) -> Access:
    secrets = numbered()
    return Access(store or Sessions(), clock, session_seconds=DAY_SECONDS, secret=lambda: next(secrets))


async def test_a_link_starts_one_session(clock: ManualClock) -> None:
    """A link signs in once, and never again."""
    doors = access(clock)
    link = doors.new_link()
    session = await doors.redeem(link)
    assert session
    assert doors.is_signed_in(session)
    assert await doors.redeem(link) is None


@pytest.mark.parametrize("token", ["", "nonsense", hash_secret("secret-0")])
async def test_other_tokens_open_nothing(clock: ManualClock, token: str) -> None:
    """Neither a guess nor a stored hash opens the console."""
    doors = access(clock)
    doors.new_link()
    assert await doors.redeem(token) is None
    assert not doors.is_signed_in(token)


async def test_links_expire(clock: ManualClock) -> None:
    """A link that nobody opened is worth nothing after ten minutes."""
    doors = access(clock)
    link = doors.new_link()
    clock.advance(LINK_MS / 1000)
    assert await doors.redeem(link) is None


async def test_sessions_expire(clock: ManualClock) -> None:
    """A session ends after the configured time."""
    doors = access(clock)
    session = await doors.redeem(doors.new_link())
    assert session
    clock.advance(DAY_SECONDS - 1)
    assert doors.is_signed_in(session)
    clock.advance(1)
    assert not doors.is_signed_in(session)


async def test_signing_in_again_ends_the_session_before(clock: ManualClock) -> None:
    """A browser that opens another link has one session, a new one."""
    doors = access(clock)
    first = await doors.redeem(doors.new_link())
    assert first
    second = await doors.redeem(doors.new_link(), replaces=first)
    assert second
    assert (doors.is_signed_in(first), doors.is_signed_in(second)) == (False, True)


async def test_signing_out(clock: ManualClock) -> None:
    """A session that was signed out is over, also after a restart."""
    store = Sessions()
    doors = access(clock, store)
    session = await doors.redeem(doors.new_link())
    assert session
    await doors.sign_out(session)
    assert not doors.is_signed_in(session)
    assert not access(clock, store).is_signed_in(session)


async def test_sessions_outlive_the_process(clock: ManualClock) -> None:
    """A browser stays signed in when the aggregator restarts."""
    store = Sessions()
    doors = access(clock, store)
    session = await doors.redeem(doors.new_link())
    assert session
    assert access(clock, store).is_signed_in(session)


async def test_secrets_are_not_kept(clock: ManualClock) -> None:
    """What is saved holds hashes, not secrets."""
    store = Sessions()
    doors = access(clock, store)
    session = await doors.redeem(doors.new_link())
    assert session
    assert [grant.secret_hash for grant in store.saved] == [hash_secret(session)]


async def test_links_and_sessions_are_bounded(clock: ManualClock) -> None:
    """Of too many links or sessions the oldest go."""
    doors = access(clock)
    links = [doors.new_link() for _ in range(MAX_LINKS + 1)]
    assert await doors.redeem(links[0]) is None
    sessions = [await doors.redeem(doors.new_link()) for _ in range(MAX_SESSIONS + 1)]
    assert not doors.is_signed_in(sessions[0] or "")
    assert doors.is_signed_in(sessions[-1] or "")


async def test_a_full_disk_does_not_keep_anyone_out(clock: ManualClock) -> None:
    """Signing in works while sessions cannot be saved."""

    class FullDisk(Sessions):
        def save(self, sessions: Sequence[Grant]) -> None:
            del sessions
            raise OSError(28, "No space left on device")

    doors = access(clock, FullDisk())
    session = await doors.redeem(doors.new_link())
    assert session
    assert doors.is_signed_in(session)


def test_secrets_are_long_and_unlike() -> None:
    """Secrets have 256 random bits."""
    assert len(random_secret()) >= 43
    assert random_secret() != random_secret()
