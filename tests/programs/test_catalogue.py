"""Which programs there are, and which versions of them are taken."""

import pytest

from appliance.tools.programs.catalogue import GoBuild, Program, catalogue
from tests.support.tree import read


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        ("v1.2.3", True),
        ("cargo:1.2.3 [features: a]", True),
        ("Greeter v1.10.0\nProtocol 2", True),
        ("1.2.2", False),
        ("2.0.0", False),
        ("no version", False),
        ("", False),
    ],
)
def test_a_version_is_taken_from_the_pinned_one_up(greeter: Program, answer: str, taken: bool) -> None:  # noqa: FBT001 - a case of the table
    """A program is taken from the version that is built up to the first that is too new."""
    assert greeter.accepts(answer) is taken


def test_what_go_builds_is_pinned() -> None:
    """Every Go program is named in its module at the version that the catalogue says, with checksums beside it."""
    for program in catalogue().values():
        if isinstance(program.build, GoBuild):
            module = program.build.module
            assert f" v{program.version}" in (module / "go.mod").read_text(encoding="utf-8")
            assert f" v{program.version} h1:" in (module / "go.sum").read_text(encoding="utf-8")


def test_documentation_names_the_versions() -> None:
    """The page on getting programs names each one with the version that is built."""
    page = read("docs/how-to/get-the-programs.md")
    for program in catalogue().values():
        assert f"| {program.title} | {program.version} |" in page
