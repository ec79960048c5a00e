import pytest

from sysmon_appliance.domain.brake import FORGET_MS, MAX_PAUSE_MS, Brake

USER, HERE, THERE = "alice", "192.0.2.1", "192.0.2.2"


def fail(brake: Brake, times: int, *, user: str = USER, address: str = HERE, now_ms: int = 0) -> None:
    for _ in range(times):
        brake.begin(user, address, now_ms)


def test_the_first_attempts_are_free() -> None:
    """Five failures cost nothing but themselves."""
    brake = Brake()
    fail(brake, 5)
    assert brake.refused_ms(USER, HERE, 0) == 0


def test_pauses_double() -> None:
    """From then on each failure doubles the pause, up to a quarter of an hour."""
    brake = Brake()
    fail(brake, 5)
    now_ms, pauses = 0, []
    for _ in range(12):
        brake.begin(USER, HERE, now_ms)
        pauses.append(brake.refused_ms(USER, HERE, now_ms))
        now_ms += pauses[-1]
    assert pauses[:4] == [2000, 4000, 8000, 16_000]
    assert pauses[-1] == MAX_PAUSE_MS


def test_other_addresses_and_users_are_free() -> None:
    """A pause holds for one user from one address."""
    brake = Brake()
    fail(brake, 8)
    assert brake.refused_ms(USER, THERE, 0) == 0
    assert brake.refused_ms("bob", HERE, 0) == 0


def test_success_forgets() -> None:
    """Whoever knows the password in the end starts afresh."""
    brake = Brake()
    fail(brake, 5)
    brake.succeeded(USER, HERE)
    fail(brake, 5)
    assert brake.refused_ms(USER, HERE, 0) == 0


def test_time_forgets() -> None:
    """A quarter of an hour after the last failure everything is forgotten."""
    brake = Brake()
    fail(brake, 5)
    fail(brake, 5, now_ms=FORGET_MS)
    assert brake.refused_ms(USER, HERE, FORGET_MS) == 0


def test_ones_own_password_buys_no_guesses() -> None:
    """Signing in oneself between guesses at others does not reset what counts against the address."""
    brake = Brake()
    for number in range(21):
        fail(brake, 1, user=f"guess-{number}")
        brake.begin("mallory", HERE, 0)
        brake.succeeded("mallory", HERE)
    fail(brake, 1, user="one more")
    assert brake.refused_ms("anybody", HERE, 0) > 0


def test_a_subscriber_is_one_address() -> None:
    """Of IPv6 a subscriber has 2^64 addresses, which count as one."""
    brake = Brake()
    for number in range(6):
        fail(brake, 1, address=f"2001:db8::{number}")
    assert brake.refused_ms(USER, "2001:db8::ffff", 0) == 2000
    assert brake.refused_ms(USER, "2001:db8:0:1::1", 0) == 0


def test_what_is_no_name_counts_as_one_user() -> None:
    """Texts that nobody can be called are not told apart, and so none is kept in memory, however long it is."""
    brake = Brake()
    for number in range(6):
        fail(brake, 1, user=f"No name {number}" + 60_000 * "x")
    assert brake.refused_ms("", HERE, 0) == 2000
    assert brake.refused_ms(USER, HERE, 0) == 0


@pytest.mark.parametrize("address", ["", "nonsense"])
def test_no_address(address: str) -> None:
    """Where no address is known, all that have none count as one."""
    brake = Brake()
    fail(brake, 6, address=address)
    assert brake.refused_ms(USER, address, 0) > 0


def test_memory_is_bounded() -> None:
    """However many users are tried, what is counted fits into memory, and the address stays refused."""
    brake = Brake()
    for number in range(30_000):
        brake.begin(f"guess-{number}", HERE, number)
    assert len(brake._failures) <= 20_000
    assert brake.refused_ms("anybody", HERE, 30_000) > 0
