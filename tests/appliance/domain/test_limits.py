"""Token buckets: as often as allowed, evenly refilled, in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.limits import Bucket, Buckets, Policy, network

POLICY = Policy("api", quota=10, window_seconds=60)


def test_the_quota_may_be_used_at_once() -> None:
    """A quota of ten lets ten attempts pass in a row, says how many are left, and then how long to wait."""
    buckets = Buckets(POLICY)
    assert [buckets.attempt("alice", 0.0).remaining for _ in range(10)] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    refused = buckets.attempt("alice", 0.0)
    assert not refused.allowed
    assert refused.wait_seconds == pytest.approx(6)
    assert refused.reset_seconds == pytest.approx(60)


def test_a_token_comes_back_after_its_share_of_the_window() -> None:
    """After the time that the refusal named, an attempt passes, and only one."""
    bucket = Bucket(0.0)
    for _ in range(10):
        bucket.take(POLICY, 0.0)
    wait = bucket.take(POLICY, 1.0)
    assert bucket.take(POLICY, 1.0 + wait * 0.99)
    assert not bucket.take(POLICY, 1.0 + wait * 1.01)
    assert bucket.take(POLICY, 1.0 + wait * 1.01)


def test_a_clock_that_goes_back_takes_nothing_and_gives_nothing() -> None:
    """Times before the last one change nothing about what is left."""
    bucket = Bucket(100.0)
    bucket.take(POLICY, 100.0)
    bucket.take(POLICY, 40.0)
    remaining, reset_seconds = bucket.left(POLICY)
    assert remaining == 8
    assert reset_seconds == pytest.approx(12)


@given(st.lists(st.floats(0, 5), max_size=200), st.integers(1, 20), st.integers(1, 60))
def test_no_window_sees_more_than_the_quota_twice(pauses: list[float], quota: int, window: int) -> None:
    """However attempts are spread, no stretch as long as the window has more than twice the quota."""
    policy = Policy("any", quota, window)
    bucket = Bucket(0.0)
    now, passed = 0.0, []
    for pause in pauses:
        now += pause
        if not bucket.take(policy, now):
            passed.append(now)
    for begin in passed:
        assert sum(begin <= moment <= begin + window for moment in passed) <= 2 * quota + 1


def test_identities_do_not_share_a_bucket() -> None:
    """Whoever used up their quota takes nothing from others."""
    buckets = Buckets(Policy("api", 1, 60))
    assert not buckets.take("alice", 0.0)
    assert buckets.take("alice", 0.0)
    assert not buckets.take("bob", 0.0)


def test_the_table_is_bounded() -> None:
    """However many addresses come, only so many are remembered, and those that came last."""
    buckets = Buckets(Policy("api", 1, 60), most=100)
    for number in range(1000):
        buckets.take(str(number), 0.0)
    assert len(buckets) == 100
    assert buckets.take("999", 0.0)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_one_subscriber_is_one_address(address: str, expected: str) -> None:
    """Of IPv6 the network counts that one subscriber has, since its addresses are without number."""
    assert network(address) == expected
