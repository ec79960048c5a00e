"""Epochs as one history, and moments in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.backups import Backups, Target, line_of, spans_of, target_of
from sysmon_appliance.domain.replica import Chapter, Reach
from sysmon_appliance.errors import NotFoundError


def chapter(epoch: int, *, began_ms: int, parent: str = "", txid: int = 0, origin: str = "failover") -> Chapter:
    return Chapter("cluster", epoch, f"epoch-{epoch}", "agg-1", began_ms, parent, txid, origin)


FIRST = chapter(1, began_ms=100, origin="")
SECOND = chapter(2, began_ms=200, parent="epoch-1", txid=10)
LOST = chapter(3, began_ms=250, parent="epoch-1", txid=10)  # began under a lock that was lost at once
THIRD = chapter(4, began_ms=300, parent="epoch-2", txid=20)
BACK = chapter(5, began_ms=400, parent="epoch-2", txid=15, origin="restored")
CHAPTERS = [FIRST, SECOND, LOST, THIRD]


def test_the_line_leaves_out_what_nobody_went_on_from() -> None:
    """What leads to the path of now are its parents alone, the oldest first."""
    assert line_of(reversed(CHAPTERS), "epoch-4") == [FIRST, SECOND, THIRD]
    assert line_of([*CHAPTERS, BACK], "epoch-5") == [FIRST, SECOND, BACK]


def test_a_database_that_stayed_on_the_disk_goes_on_from_the_epoch_before() -> None:
    """An epoch without a parent had the database of the one before it."""
    outage = chapter(5, began_ms=400, origin="outage")
    assert line_of([*CHAPTERS, outage], "epoch-5") == [FIRST, SECOND, THIRD, outage]


def test_an_unknown_path_has_no_line() -> None:
    """Before an epoch has written its chapter, nothing leads to it."""
    assert line_of(CHAPTERS, "epoch-9") == []


@pytest.mark.parametrize(
    ("at_ms", "target"),
    [
        (100, Target("epoch-1", 100, 10)),
        (199, Target("epoch-1", 199, 10)),
        (299, Target("epoch-2", 299, 20)),
        (5000, Target("epoch-4", 5000)),
    ],
)
def test_a_moment_is_in_the_epoch_that_had_begun_by_then(at_ms: int, target: Target) -> None:
    """It is in the last epoch of the line that began before it, and never beyond where the next one went on."""
    assert target_of(CHAPTERS, "epoch-4", at_ms) == target


def test_what_a_restore_gave_up_is_not_found_by_the_moment_alone() -> None:
    """A moment between what was gone back to and the going back is only in the path that was given up."""
    chapters = [*CHAPTERS, BACK]
    assert target_of(chapters, "epoch-5", 350) == Target("epoch-2", 350, 15, given_up=True)
    assert target_of(chapters, "epoch-5", 350, "epoch-4") == Target("epoch-4", 350)


def test_nothing_is_older_than_the_beginning() -> None:
    """A moment before the first epoch is refused, and so is a path that there is not."""
    with pytest.raises(NotFoundError):
        target_of(CHAPTERS, "epoch-4", 99)
    with pytest.raises(NotFoundError):
        target_of(CHAPTERS, "epoch-4", 150, "epoch-9")


def test_the_window_is_that_of_the_line() -> None:
    """The oldest and newest moment are those of the line; what lies beside it, or is deleted, does not count."""
    reaches = {
        "epoch-1": None,
        "epoch-2": Reach("epoch-2", 210, 290, 20),
        "epoch-3": Reach("epoch-3", 150, 999, 3),
        "epoch-4": Reach("epoch-4", 300, 500, 8),
    }
    backups = Backups(spans_of(CHAPTERS, "epoch-4", reaches))
    assert (backups.from_ms, backups.to_ms) == (210, 500)
    assert [span.on_line for span in backups.spans] == [True, True, False, True]


def test_without_a_replica_there_is_no_window() -> None:
    """Where nothing is replicated, nothing can be restored."""
    assert (Backups().from_ms, Backups().to_ms) == (None, None)


@given(st.lists(st.integers(0, 8), max_size=8), st.integers(0, 1000))
def test_every_moment_is_in_one_place_of_any_tree(parents: list[int], at_ms: int) -> None:
    """However epochs went on from one another, a moment is found in the line or not at all, and the line ends."""
    chapters = [
        chapter(number, began_ms=100 * number, parent=f"epoch-{parent}" if parent else "", txid=parent)
        for number, parent in enumerate(parents, 1)
    ]
    current = f"epoch-{len(parents)}"
    line = line_of(chapters, current)
    begun = [one for one in line if one.began_ms <= at_ms]
    if begun:
        assert target_of(chapters, current, at_ms).path == begun[-1].path
    else:
        with pytest.raises(NotFoundError):
            target_of(chapters, current, at_ms)
