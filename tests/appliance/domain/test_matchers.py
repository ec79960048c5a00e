"""Selectors of series."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.matchers import NAME_KEY, Matcher, Operator, parse_matchers
from sysmon_appliance.errors import BadRequestError

KEYS = st.text(alphabet="abcABC._-09:é/", min_size=1, max_size=10)
OPERATORS = st.sampled_from(list(Operator))
VALUES = st.text(alphabet='ab"\\\n\t{},= é', max_size=8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("{}", []),
        (" { } ", []),
        ("system.cpu.time", [(NAME_KEY, "=", "system.cpu.time")]),
        ('{cpu="0"}', [("cpu", "=", "0")]),
        ("{cpu!='0', state = `user`,}", [("cpu", "!=", "0"), ("state", "=", "user")]),
        ('m{a=~"x.*",b!~"y|z"}', [(NAME_KEY, "=", "m"), ("a", "=~", "x.*"), ("b", "!~", "y|z")]),
        ('{"key with space"="\\"\\n\\\\"}', [("key with space", "=", '"\n\\')]),
        (r"{device=~`sd\d+`}", [("device", "=~", r"sd\d+")]),
    ],
)
def test_selectors_are_read(text: str, expected: list[tuple[str, str, str]]) -> None:
    """A metric, matchers in braces, or both; values in double or single quotes or in backticks."""
    assert [(each.key, str(each.operator), each.value) for each in parse_matchers(text)] == expected


@given(st.lists(st.tuples(KEYS, OPERATORS, VALUES), max_size=5))
def test_what_is_written_is_what_is_read(matchers: list[tuple[str, Operator, str]]) -> None:
    """Any key, operator and value comes through writing and reading."""
    exact = [(key, operator, value) for key, operator, value in matchers if operator in {Operator.EQUAL, "!="}]
    text = "{" + ",".join(f"{key}{op}{json.dumps(value, ensure_ascii=False)}" for key, op, value in exact) + "}"
    assert [(each.key, each.operator, each.value) for each in parse_matchers(text)] == exact


@given(st.text(alphabet="ab{}=\"!~,\\'` ", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is written, it is a selector or a bad request."""
    with contextlib.suppress(BadRequestError):
        parse_matchers(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('a{b="c"', "at its end: a comma or }"),
        ("a{b=c}", "at character 5: a value in quotes"),
        ('a{b"c"}', "at character 4: =, !=, =~ or !~"),
        ('a{="c"}', "at character 3: a key"),
        ('a{b="c" d="e"}', "at character 9: a comma or }"),
        ('a{b="c"}d', "at character 9: the end"),
        ("!a", "at character 1: a metric or {"),
        (r'{a="\d"}', r"at character 4: a text without \\d"),
        ('{a="b}', "at character 4: a value in quotes"),
    ],
)
def test_an_error_says_where(text: str, problem: str) -> None:
    """What cannot be read is refused with the character at which, and what is expected there."""
    with pytest.raises(BadRequestError, match="cannot be read") as refused:
        parse_matchers(text)
    assert problem.replace("\\\\", "\\") in refused.value.message


def test_matchers_are_few() -> None:
    """A selector has at most twenty matchers."""
    with pytest.raises(BadRequestError, match="20 matchers"):
        parse_matchers("{" + ",".join(f'k{number}="v"' for number in range(21)) + "}")


@pytest.mark.parametrize(
    ("operator", "value", "accepted"),
    [
        ("=", "a", ["a"]),
        ("!=", "a", ["", "b", "ab"]),
        ("=~", "a.*", ["a", "ab"]),
        ("!~", "a.*", ["", "b"]),
        ("=", "", [""]),
        ("=~", "a?", ["", "a"]),
    ],
)
def test_operators_mean_what_they_mean_in_promql(operator: str, value: str, accepted: list[str]) -> None:
    """Values are compared whole, by text or by expression, and each comparison has its opposite."""
    (matcher,) = parse_matchers(f'{{key{operator}"{value}"}}')
    values = ["", "a", "b", "ab"]
    assert [each for each in values if matcher.accepts(each)] == accepted
    assert [each for each, is_in in zip(values, matcher.accepted(values), strict=True) if is_in] == accepted


def test_matchers_are_values() -> None:
    """Matchers of the same text are equal, whatever was compiled for them."""
    assert parse_matchers('{a=~"b"}') == parse_matchers('{a=~"b"}')
    assert Matcher("a", Operator.EQUAL, "b") == parse_matchers('{a="b"}')[0]
