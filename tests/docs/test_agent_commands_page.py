"""The page of the agent's commands is their own help. `SYSMON_UPDATE_GOLDEN=1` writes it anew, for review."""

import argparse
import os
import sys
from collections.abc import Iterator

import pytest

from sysmon_agent.cli.app import parser
from tests.support.tree import ROOT

PAGE = ROOT / "docs" / "reference" / "agent-commands.md"
BEGIN = "## sysmon-agent\n"
WIDTH = "100"


def helps(command: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the help of a command and of all below it."""
    yield f"## {command.prog}\n\n```text\n{command.format_help()}```\n"
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from helps(below)


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="The page is of Python 3.11 and 3.12; later ones lay out anew.")
def test_the_page_shows_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the agent is documented with the help that it prints."""
    monkeypatch.setenv("COLUMNS", WIDTH)
    expected = "\n".join(helps(parser()))
    head, begin, shown = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    if os.environ.get("SYSMON_UPDATE_GOLDEN"):
        PAGE.write_text(head + expected, encoding="utf-8")
        return
    assert begin + shown == expected
