"""What an agent of the harness remembers."""

import pytest

from sysmon_agent.wire.decode import decode_batch
from sysmon_agent.wire.encode import encode_batch
from sysmon_agent.wire.messages import NO_LIMITS
from tests.chaos.journal import Journal


@pytest.fixture
def journal() -> Journal:
    """An agent that has taken four ticks."""
    journal = Journal(7)
    for second in range(4):
        journal.collect(1000 * second)
    return journal


def serials(journal: Journal, first: int, most: int) -> list[float]:
    batch = journal.cut(first, most, 0)
    assert batch is not None
    return list(memoryview(decode_batch(encode_batch(batch), NO_LIMITS).columns).cast("d"))


def test_ticks_are_their_own_serials(journal: Journal) -> None:
    """A batch carries the serials of its ticks as their values."""
    assert serials(journal, 2, 2) == [2, 3]
    assert journal.cut(5, 1, 0) is None
    assert journal.wall_ms_of(2) == 1000


def test_a_promise_is_never_taken_back(journal: Journal) -> None:
    """What was once acknowledged as durable stays promised, whatever a later answer says."""
    journal.release(3)
    journal.release(1)
    assert journal.promised() == {1, 2, 3}
    assert journal.waiting == 1


def test_a_new_stream_takes_what_was_not_promised(journal: Journal) -> None:
    """A new stream begins with the ticks that nobody has promised, and old promises stay."""
    journal.release(3)
    journal.start_stream()
    journal.collect(9000)
    assert serials(journal, 1, 9) == [4, 5]
    journal.release(2)
    assert journal.promised() == {1, 2, 3, 4, 5}
    assert len({stream.id for stream in journal.streams}) == 2
