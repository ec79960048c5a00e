"""Regular expressions of strangers, over many values at once.

RE2 is what Prometheus's expressions mean, and its time is linear in the value whatever the pattern: one that would hold
up a backtracking engine for ever costs here what any other does. Compiled patterns are bounded in memory as well.

A call into RE2 costs more than looking at a short value. So many values are joined, one a line, and searched in one
go: with `never_nl` no match crosses a line's end, so that every line that matches is found exactly once.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import re2

from sysmon_appliance.errors import BadRequestError

MAX_LENGTH = 1000
_MEMORY_BYTES = 1 << 20

_FEW = 64
"""So many values are tried one by one."""

_MOST_FOUND = 16
"""Where more than one in this many lines match, looking for the next costs more than trying it."""

_OF_THE_WHOLE_TEXT = re.compile(r"\\[AzCQ]")
"""These mean something else where the text is of many lines."""


class Pattern:
    """A regular expression that a value must match as a whole.

    Raises
    ------
    BadRequestError
        It is none, or too long or large.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise BadRequestError(f"A regular expression may have {MAX_LENGTH} characters, this one has {len(text)}.")
        self._one = _compiled(f"(?s)^(?:{text})$", text)
        by_line = not _OF_THE_WHOLE_TEXT.search(text)
        self._lines = _compiled(f"(?ms)^(?:{text})$", text, never_nl=True) if by_line else None

    def accepts(self, value: str) -> bool:
        return self._one.fullmatch(value.encode()) is not None

    def accepted(self, values: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell of each value whether it matches; bool [values]."""
        whole = self._lines is None or len(values) <= _FEW or any("\n" in value for value in values)
        if whole:
            return np.fromiter(map(self.accepts, values), np.bool_, len(values))
        return self._by_line([value.encode() for value in values])

    def _by_line(self, lines: Sequence[bytes]) -> npt.NDArray[np.bool_]:
        starts = np.fromiter(accumulate((len(line) + 1 for line in lines[:-1]), initial=0), np.int64, len(lines))
        found = np.zeros(len(lines), np.bool_)
        most = len(lines) // _MOST_FOUND
        matches = self._found(b"\n".join(lines))
        offsets = [offset for offset, _ in zip(matches, range(most), strict=False)]
        found[np.searchsorted(starts, offsets)] = True
        if len(offsets) == most:
            after = int(np.searchsorted(starts, offsets[-1])) + 1
            found[after:] = [self._one.fullmatch(line) is not None for line in lines[after:]]
        return found

    def _found(self, text: bytes) -> Iterator[int]:
        assert self._lines is not None  # noqa: S101 - whoever calls has looked
        return (match.start() for match in self._lines.finditer(text))


def _compiled(whole: str, text: str, *, never_nl: bool = False) -> "re2._Regexp":
    options = re2.Options()
    options.log_errors = False
    options.never_nl = never_nl
    options.max_mem = _MEMORY_BYTES
    try:
        # Alone first: one that closes a group which it did not open would be another expression inside ours.
        re2.compile(text, options)
        return re2.compile(whole, options)
    except re2.error as error:
        raise BadRequestError(f"{text!r} is no regular expression: {_said(error)}.", hint=_HINT) from error


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


_HINT = """sysmon series list '{host=~"web-.*"}'"""
