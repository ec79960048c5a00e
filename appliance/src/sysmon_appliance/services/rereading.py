"""Answering without what cannot be read."""

import logging
from collections.abc import Callable
from typing import TypeVar

from sysmon_appliance.errors import SegmentDamagedError, SegmentVersionError

_log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_LEFT_OUT = 1000
"""Segments that one answer does without; where more are damaged, something else is wrong."""


def without_damaged(read: Callable[[], T]) -> T:
    """Read, and begin anew whenever a segment turns out unreadable: from then on its reader leaves it out.

    Raises
    ------
    SegmentDamagedError, SegmentVersionError
        Too many are.
    """
    for _ in range(_MOST_LEFT_OUT):
        try:
            return read()
        except (SegmentDamagedError, SegmentVersionError) as error:
            _log.warning("History is read without a segment.", extra={"problem": error.message})
    return read()
