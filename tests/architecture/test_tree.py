"""The shape of the repository: what a stranger sees first."""

from tests.support.tree import ROOT, files

PARTS = {"agent", "ansible", "appliance", "docs", "molecule", "pulumi", "roles", "tests"}
FOR_TOOLS = {
    ".ci",
    ".config",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "Vagrantfile",
    "pyproject.toml",
    "requirements.lock",
}


def test_top_level_holds_the_parts_and_what_tools_look_for() -> None:
    """The top level holds the parts of the product, the files that tools look for, and nothing else."""
    assert {name.split("/")[0] for name in files()} <= PARTS | FOR_TOOLS


def test_infrastructure_folders_are_no_packages() -> None:
    """Folders named pulumi and ansible hold no __init__.py, which would shadow the real packages."""
    assert not [name for name in ("pulumi/__init__.py", "ansible/__init__.py") if (ROOT / name).exists()]


def test_tests_are_no_packages() -> None:
    """Tests hold no __init__.py, so that two folders may hold files of the same name."""
    assert not [name for name in files() if name.startswith("tests/") and name.endswith("__init__.py")]


def test_no_file_is_empty() -> None:
    """No file stands empty as a promise, but for the marker of typed packages and what was recorded empty."""
    empty = [name for name in files() if not (ROOT / name).stat().st_size]
    assert not [name for name in empty if not name.endswith("py.typed") and not name.startswith("tests/fixtures/")]
