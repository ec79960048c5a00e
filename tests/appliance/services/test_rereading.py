"""Answering without what cannot be read."""

from collections.abc import Callable

import pytest

from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError
from sysmon_appliance.services.rereading import without_damaged


def _failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def read() -> str:
        if left:
            raise left.pop(0)
        return "an answer"

    return read


def test_an_answer_is_begun_anew_without_what_cannot_be_read() -> None:
    """A segment that turns out damaged, or of a later release, costs an answer nothing but what it held."""
    read = _failing(SegmentDamagedError("It is damaged."), SegmentVersionError("It is of a later release."))
    assert without_damaged(read) == "an answer"


def test_an_answer_is_not_begun_anew_for_ever() -> None:
    """Where reading fails again and again, the failure is the answer."""
    read = _failing(*[SegmentDamagedError("It is damaged.")] * 2000)
    with pytest.raises(SegmentDamagedError):
        without_damaged(read)
