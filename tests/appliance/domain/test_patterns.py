"""Regular expressions over many values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.patterns import Pattern
from sysmon_appliance.errors import BadRequestError

MANY = [f"container-{number:05d}" for number in range(2000)]
WORDS = st.text(alphabet="abé.\\ \n", max_size=5)
PATTERNS = st.sampled_from(
    [
        "",
        "a",
        "a*",
        "a.*",
        ".*a",
        ".+",
        "[^a]*",
        "a|b",
        "(?i)A.*",
        "a$",
        "^a",
        r"\Aa",
        r"a\z",
        r"a\b.*",
        "é.?",
        "(a*)*b",
    ]
)


@given(PATTERNS, st.lists(WORDS, min_size=65, max_size=90))
def test_many_values_match_as_each_does_alone(text: str, values: list[str]) -> None:
    """Searching many values at once finds exactly those that match one by one."""
    pattern = Pattern(text)
    assert pattern.accepted(values).tolist() == [pattern.accepts(value) for value in values]


@pytest.mark.parametrize("text", [".*", "container-0.*", ".*7", "container-00042", "nothing", r"container-\d+"])
def test_few_and_many_matches_are_found_alike(text: str) -> None:
    """However large the share of values that match is, the same ones are found."""
    pattern = Pattern(text)
    assert pattern.accepted(MANY).tolist() == [pattern.accepts(value) for value in MANY]


def test_the_whole_value_must_match() -> None:
    """A pattern that matches a part of a value does not match the value."""
    assert Pattern("web").accepts("web")
    assert not Pattern("web").accepts("web-1")
    assert not Pattern("a|b").accepts("ab")


def test_a_pattern_that_holds_up_other_engines_is_answered() -> None:
    """Nested repetition over a long value that almost matches takes time in proportion to its length."""
    value = "a" * 4000
    assert Pattern("(a*)*b").accepted([value] * 200).sum() == 0
    assert Pattern("(a|a)*(.*.*.*)*b").accepts(value + "b")


@pytest.mark.parametrize("text", ["(", "a)(b", "[", "(?=a)", r"(a)\1", "(?:a{900}){900}", "x" * 1001])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    """A pattern that is malformed, too long, or too large when compiled is a bad request that says so."""
    with pytest.raises(BadRequestError, match="regular expression"):
        Pattern(text)
