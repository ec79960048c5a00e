"""`sysmon storage check` and `sysmon storage repair`: whether history can be read, and what to do where it cannot."""

import threading
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from sysmon_appliance.cli import options
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.confirmation import Yes, confirm
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.progress import Advance, progress
from sysmon_appliance.cli.timing import moment_cell
from sysmon_appliance.errors import SegmentDamagedError

_CHECK = "/api/v1/storage/check"
_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 4 * 3600.0
"""A segment that is made anew takes as long as merging a month may."""

_STYLES = {"repaired": "green", "lost": "red", "given up": "yellow"}


def check(
    *,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end, and show what was found.")] = True,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Read all segments, here and in the object store; exit code 1 if one is damaged."""
    with connect(socket, context) as client:
        before = client.get(_CHECK)
        client.post(_CHECK)
        if not wait:
            typer.echo("The check has begun; `sysmon storage status` shows what is damaged.")
            return
        with progress("Reading segments") as advance:
            found = _ended(client, before, advance)
    print_rows(output, lambda: _check_table(found), "checks", [found])
    if damaged := len(found["damaged"]):
        raise SegmentDamagedError(
            f"{_count(damaged)} cannot be read and {'is' if damaged == 1 else 'are'} left out of answers.",
            hint="sysmon storage repair",
        )


def repair(
    *,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Forget what is lost, so that nothing warns of it.")
    ] = False,
    yes: Yes = False,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Bring damaged segments back, from other copies or from what they were made of; exit code 1 if one is lost."""
    with connect(socket, context) as client:
        damaged = client.get("/api/v1/storage")["damaged"]
        if give_up and damaged:
            confirm(f"Try to repair {_count(len(damaged))}, and forget what cannot be?", yes=yes)
        client.be_patient(_PATIENCE_SECONDS)
        done = client.post("/api/v1/storage/repair", {"give_up": give_up})
    outcomes = [segment | {"outcome": _outcome(segment["name"], done, give_up=give_up)} for segment in damaged]
    print_rows(output, lambda: _repair_table(outcomes), "segments", outcomes)
    if not damaged:
        typer.echo("No segment is known to be damaged; `sysmon storage check` looks anew.", err=True)
    if done["lost"] and not give_up:
        raise SegmentDamagedError(
            f"{_count(len(done['lost']))} cannot be brought back; a backup may have it, else give it up.",
            hint="sysmon storage repair --give-up",
        )


def _ended(client: Client, before: Any, advance: Advance) -> Any:
    """Wait for the check that was asked for, or for the one that ran already."""
    never = threading.Event()
    while True:
        found = client.get(_CHECK)
        is_new = found["started"] != before["started"] or before["state"] == "running"
        if is_new and found["state"] == "done":
            return found
        if is_new:
            advance(found["checked"], found["of"])
        never.wait(_LOOK_SECONDS)


def _outcome(name: str, done: Any, *, give_up: bool) -> str:
    if name not in done["lost"]:
        return "repaired"
    return "given up" if give_up else "lost"


def _check_table(found: Any) -> Table:
    damaged, unread = len(found["damaged"]), found["unread"]
    cells = (
        moment_cell(found["started"]),
        moment_cell(found["ended"]),
        Cell(str(found["of"]), value=found["of"]),
        Cell(str(damaged), value=damaged, style="red" if damaged else "green"),
        Cell(str(unread), value=unread, style="yellow" if unread else ""),
    )
    header = ("started", "ended", "segments", "damaged", "unread")
    return Table(header, [cells], frozenset(header[2:]))


def _repair_table(outcomes: Sequence[Any]) -> Table:
    return Table(
        ("kind", "from", "to", "hosts", "outcome", "name"), [_row(one) for one in outcomes], frozenset({"hosts"})
    )


def _row(outcome: Any) -> Sequence[Cell]:
    return (
        Cell(outcome["kind"], style="bold"),
        moment_cell(outcome["from"]),
        moment_cell(outcome["to"]),
        Cell(str(outcome["hosts"]), value=outcome["hosts"]),
        Cell(outcome["outcome"], style=_STYLES[outcome["outcome"]]),
        Cell(outcome["name"]),
    )


def _count(segments: int) -> str:
    return "1 segment" if segments == 1 else f"{segments} segments"
