"""The rule that keeps a stream whole."""

from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.wire.messages import Gap, GapReason
from sysmon_appliance.domain.streams import Stream, Verdict, admit


def test_a_batch_that_continues_the_stream_is_accepted() -> None:
    """A batch that begins right after the last number is accepted."""
    assert admit(last=7, first=8, to=12) is Verdict.ACCEPT


def test_a_batch_that_is_there_already_is_acknowledged_again() -> None:
    """A batch of numbers that are all there is acknowledged again, so a lost reply costs nothing."""
    assert admit(last=7, first=3, to=7) is Verdict.AGAIN


def test_a_batch_that_leaves_numbers_out_is_a_conflict() -> None:
    """A batch that leaves numbers out undeclared is refused."""
    assert admit(last=7, first=9, to=12) is Verdict.CONFLICT


def test_a_batch_that_overlaps_in_part_is_a_conflict() -> None:
    """A batch of old and new numbers is refused, so that none is stored twice."""
    assert admit(last=7, first=7, to=12) is Verdict.CONFLICT


@given(last=st.integers(0, 20), first=st.integers(1, 25), count=st.integers(0, 10))
def test_every_batch_gets_exactly_the_verdict_of_its_numbers(last: int, first: int, count: int) -> None:
    """Only numbers that are new, all of them, and the next ones, are ever accepted."""
    numbers, there = set(range(first, first + count)), set(range(1, last + 1))
    verdict = admit(last=last, first=first, to=first + count - 1)
    assert (verdict is Verdict.ACCEPT) == (bool(numbers) and min(numbers, default=0) == last + 1)
    assert (verdict is Verdict.AGAIN) == (
        verdict is not Verdict.ACCEPT and numbers <= there and first + count - 1 <= last
    )


STEPS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(GapReason), st.booleans()))


@given(STEPS)
def test_the_ledger_adds_up_whatever_is_committed_or_fails(steps: list[tuple[int, int, GapReason, bool]]) -> None:
    """Ticks stored and ticks declared missing always sum up to the last number."""
    stream = Stream(key=1, host=1, stream_id=bytes(16))
    for missing, count, reason, works in steps:
        first = stream.last + 1
        skipped = [Gap(first, first + missing - 1, reason)] if missing else []
        stream.tentative = stream.last + missing + count
        if works:
            stream.commit(last=stream.tentative, count=count, skipped=skipped, wall_ms=0)
        else:
            stream.roll_back()
        assert stream.balanced
        assert stream.settled
