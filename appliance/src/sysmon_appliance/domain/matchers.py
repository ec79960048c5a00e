"""Matchers choose series by metric, attributes and host.

In `system.cpu.time{cpu.mode="user",host!~"web-.*"}` there are three. This is PromQL's notation, with its meaning: all
matchers of one selector must hold, a key that is not there has the empty value, and a regular expression must match
the value as a whole. Names and keys may have dots. It is no query language: nothing is computed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from sysmon_appliance.domain.patterns import Pattern
from sysmon_appliance.errors import BadRequestError

NAME_KEY = "__name__"
"""The key under which a series' metric is matched; PromQL's."""

MAX_MATCHERS = 20

_HINT = """sysmon series list 'system.cpu.time{cpu.mode="user",host=~"web-.*"}'"""

_WORD = re.compile(r"""[^\s{}"'`=!~,]+""")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_TEXT = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`""", re.DOTALL)
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


class Operator(StrEnum):
    EQUAL = "="
    UNEQUAL = "!="
    MATCH = "=~"
    MISMATCH = "!~"

    @property
    def negated(self) -> bool:
        return self in {Operator.UNEQUAL, Operator.MISMATCH}


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on the value of a key."""

    key: str
    operator: Operator
    value: str
    pattern: Pattern | None = field(default=None, compare=False)  # of MATCH and MISMATCH

    def accepts(self, value: str) -> bool:
        found = value == self.value if self.pattern is None else self.pattern.accepts(value)
        return found != self.operator.negated

    def accepted(self, values: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell of each value whether it is accepted; bool [values]."""
        if self.pattern is None:
            found = np.fromiter((value == self.value for value in values), np.bool_, len(values))
        else:
            found = self.pattern.accepted(values)
        return ~found if self.operator.negated else found


Matchers = tuple[Matcher, ...]
"""Conditions that must all hold; none at all choose every series."""


def parse_matchers(text: str) -> Matchers:
    """Read a selector of series.

    Raises
    ------
    BadRequestError
        It is none; the message says at which character.
    """
    return _Reader(text).matchers()


class _Reader:
    """A selector, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def matchers(self) -> Matchers:
        metric = self._next(_WORD)
        found = [Matcher(NAME_KEY, Operator.EQUAL, metric)] if metric else []
        braced = self._take("{")
        if braced:
            found += self._braced()
        if self._at < len(self._text):
            raise self._error("the end" if metric or braced else "a metric or {")
        if len(found) > MAX_MATCHERS:
            raise BadRequestError(f"A selector may have {MAX_MATCHERS} matchers, this one has {len(found)}.")
        return tuple(found)

    def _braced(self) -> list[Matcher]:
        found: list[Matcher] = []
        while not self._take("}"):
            if found and not self._take(","):
                raise self._error("a comma or }")
            if found and self._take("}"):  # after a last comma
                break
            found.append(self._matcher())
        return found

    def _matcher(self) -> Matcher:
        key = self._next(_WORD) or self._quoted("a key")
        operator = self._next(_OPERATOR)
        if not operator:
            raise self._error("=, !=, =~ or !~")
        value = self._quoted("a value in quotes")
        by_pattern = operator in {Operator.MATCH, Operator.MISMATCH}
        return Matcher(key, Operator(operator), value, Pattern(value) if by_pattern else None)

    def _quoted(self, wanted: str) -> str:
        start = self._at
        quoted = self._next(_TEXT)
        if not quoted:
            raise self._error(wanted)
        if quoted[0] == "`":
            return quoted[1:-1]
        try:
            return _ESCAPE.sub(lambda escape: _ESCAPED[escape[1]], quoted[1:-1])
        except KeyError as error:
            self._at = start
            problem = f"a text without \\{error.args[0]}; a backslash is written \\\\"
            raise self._error(problem) from None

    def _take(self, sign: str) -> bool:
        self._skip()
        taken = self._text.startswith(sign, self._at)
        self._at += len(sign) if taken else 0
        self._skip()
        return taken

    def _next(self, token: re.Pattern[str]) -> str:
        """Return what comes next if it is such a token, else nothing."""
        self._skip()
        found = token.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        self._skip()
        return found[0]

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _error(self, wanted: str) -> BadRequestError:
        where = f"at character {self._at + 1}" if self._at < len(self._text) else "at its end"
        return BadRequestError(f"The selector cannot be read {where}: {wanted} is expected there.", hint=_HINT)
