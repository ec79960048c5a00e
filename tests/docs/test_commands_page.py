"""The page of commands is their own help. `SYSMON_UPDATE_GOLDEN=1` writes it anew, for review."""

import os
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from sysmon_appliance.cli import aggregator, app
from tests.support.tree import ROOT

PAGE = ROOT / "docs" / "reference" / "commands.md"
BEGIN = "## sysmon\n"
WIDTH = 100


def helps() -> str:
    commands = (("sysmon", get_command(app.app)), ("sysmon-aggregator", get_command(aggregator.app)))
    return "\n".join(text for name, command in commands for text in _helps(command, name, None))


def _helps(command: Any, name: str, parent: Any) -> Iterator[str]:
    """Yield the help of a command and of all below it."""
    context = command.context_class(command, info_name=name, parent=parent, terminal_width=WIDTH)
    lines = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"## {context.command_path}\n\n```text\n{lines}\n```\n"
    if hasattr(command, "list_commands"):
        for below in command.list_commands(context):
            yield from _helps(command.get_command(context, below), below, context)


def test_the_page_shows_every_command() -> None:
    """Every command is documented with the help that it prints."""
    head, begin, shown = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    if os.environ.get("SYSMON_UPDATE_GOLDEN"):
        PAGE.write_text(head + helps(), encoding="utf-8")
        return
    assert begin + shown == helps()
