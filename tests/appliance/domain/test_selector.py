import pytest

from sysmon_appliance.domain.selector import parse
from sysmon_appliance.errors import BadRequestError

DB = {"role": ("db",), "tag": ("ssd", "old"), "name": ("db-1",)}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", True),
        ("role=db", True),
        ("role=web", False),
        ("role!=db", False),
        ("role!=web", True),
        ("env!=dev", True),
        ("role", True),
        ("env", False),
        ("!env", True),
        ("!role", False),
        ("tag=old", True),
        ("tag!=old", False),
        (" role = db , name=db-1 ", True),
        ("role=db,name=db-2", False),
        ("env=", False),
    ],
)
def test_selectors(text: str, chosen: bool) -> None:  # noqa: FBT001 - a table of expectations
    """A selector chooses a host when all of its terms hold."""
    assert parse(text).matches(DB) is chosen


@pytest.mark.parametrize("text", ["=db", "!=db", "a b", "a!b=c", "!", "!!a"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    """A term that is no condition is refused with an example of one that is."""
    with pytest.raises(BadRequestError, match="is none of key=value") as caught:
        parse(text)
    assert "--selector" in caught.value.hint


def test_too_many_terms_are_refused() -> None:
    """A selector has a bounded number of terms."""
    with pytest.raises(BadRequestError, match="20 terms"):
        parse(",".join(["a=b"] * 21))
