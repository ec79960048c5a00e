"""Commands that documents show exist."""

import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache
from io import StringIO

import pytest
from typer.testing import CliRunner

from sysmon_agent.cli.app import parser
from sysmon_appliance.cli.aggregator import app as aggregator
from sysmon_appliance.cli.app import app as operator
from tests.support.pages import pages
from tests.support.tree import read

OURS = {"sysmon": operator, "sysmon-agent": None, "sysmon-aggregator": aggregator}
OF_THE_SYSTEM = {
    "cd",
    "cp",
    "curl",
    "git",
    "sudo",
    "apt",
    "cat",
    "consul",
    "kill",
    "export",
    "ls",
    "mkdir",
    "pkill",
    "sha256sum",
    "systemctl",
    "systemd-analyze",
    "systemd-sysusers",
    "timeout",
    "umask",
}


def shown() -> Iterator[tuple[str, list[str]]]:
    """Yield (page, words) of each command line in a block of kind `sh`."""
    for page in pages():
        for block in page.code("sh"):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    words.pop(0)
                if words:
                    yield page.name, words


def program(word: str) -> str:
    return word.removeprefix(".venv/bin/")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))


@cache
def help_of(command: str, *subcommands: str) -> str:
    """Return what a command says of itself, or why there is none."""
    arguments = [*subcommands, "--help"]
    if app := OURS[command]:
        return CliRunner().invoke(app, arguments).output
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said), suppress(SystemExit):
        parser().parse_args(arguments)
    return said.getvalue()


def subcommands(words: list[str]) -> tuple[str, ...]:
    """Take the words before the first option or argument: those that name the command."""
    named: list[str] = []
    for word in words[1:]:
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word) or not re.search(
            rf"^[ │|]*{re.escape(word)}\b", help_of(program(words[0]), *named), re.MULTILINE
        ):
            break
        named.append(word)
    return tuple(named)


def test_shown_programs_are_known() -> None:
    """Documents show our own commands, make, Consul, and a few programs that every system has."""
    known = {*OURS, *OF_THE_SYSTEM, "make"}
    assert not {(page, words[0]) for page, words in shown() if program(words[0]) not in known}


def test_shown_make_targets_exist() -> None:
    """Every `make TARGET` that a document shows is a target of the Makefile."""
    wanted = {
        (page, word)
        for page, words in shown()
        if words[0] == "make"
        for word in words[1:]
        if "=" not in word and not word.startswith("-")
    }
    assert not {(page, word) for page, word in wanted if word not in make_targets()}


OUR_LINES = sorted({tuple(words) for _, words in shown() if program(words[0]) in OURS})


@pytest.mark.parametrize("words", OUR_LINES, ids=" ".join)
def test_shown_commands_and_options_exist(words: tuple[str, ...]) -> None:
    """Every command of ours that a document shows exists and knows the options it is shown with."""
    command = program(words[0])
    named = subcommands(list(words))
    assert named or all(word.startswith("-") for word in words[1:]), f"no such command: {' '.join(words[:3])}"
    page = help_of(command, *named)
    assert page.lower().lstrip().startswith("usage:"), page
    options = {word.partition("=")[0] for word in words if word.startswith("-")} - {"--help"}
    assert not {option for option in options if option not in page}


def test_every_make_target_is_listed() -> None:
    """`make` lists every target that is meant for people, each with a sentence."""
    listed = set(re.findall(r"^([a-z][a-z-]*):.*  ## .+$", read("Makefile"), re.MULTILINE))
    assert make_targets() - listed == {"test-python", "test-console"}
