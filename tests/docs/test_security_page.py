"""The page about security promises nothing that no test proves."""

import re

import pytest

from tests.support.tree import ROOT

PAGE = ROOT / "docs" / "explanation" / "security.md"

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def controls() -> list[str]:
    """Return the rows of the tables of threats."""
    _, _, part = PAGE.read_text("utf-8").partition("## Threats, controls and their tests")
    lines = part.partition("\n## ")[0].splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith(("| threat |", "| --- |"))]


def test_there_are_controls() -> None:
    """The tables are found, so that what follows looks at something."""
    assert len(controls()) > 40


@pytest.mark.parametrize("control", controls(), ids=lambda row: row.split(" | ")[0].strip("| "))
def test_each_control_names_a_test_that_exists(control: str) -> None:
    """Every control names at least one test, and every test that is named is there."""
    named = _TEST.findall(control)
    assert named
    for file, name in named:
        assert (ROOT / file).is_file(), file
        assert re.search(rf"^\s*(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), name


def test_each_table_has_threat_control_and_test() -> None:
    """Every row says what might happen, what is done about it, and what proves it."""
    assert not [row for row in controls() if row.count(" | ") != 2]
