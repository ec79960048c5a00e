"""`sysmon backup`: which moments can be restored, whether that works, and going back to one."""

import threading
from typing import Annotated, Any

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.confirmation import Yes, confirm
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows, print_table
from sysmon_appliance.cli.progress import progress
from sysmon_appliance.cli.quantities import bytes_text, duration_text
from sysmon_appliance.cli.since import moment_of
from sysmon_appliance.cli.timing import ago_cell, moment_cell, second_cell
from sysmon_appliance.errors import ReplicaBrokenError

app = typer.Typer(
    help="See which moments can be restored, try it, and go back to one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_BACKUPS = "/api/v1/backups"
_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 1800.0
"""A large database from a slow store takes its time."""

_STYLES = {"passed": "green", "failed": "red", "running": "yellow"}

At = Annotated[str, typer.Option("--at", metavar="TIME", help="The moment, such as 2h or 2026-11-24T12:30 of UTC.")]
Path = Annotated[str, typer.Option("--path", metavar="PATH", help="One of `sysmon backup list`, such as one given up.")]


@app.command("list")
def list_backups(
    *,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List epochs and what of each can be restored, and how the newest drill ended; -o wide shows paths."""
    with connect(socket, context) as client:
        found = client.get(_BACKUPS)
    wide = output is not Format.TABLE
    print_rows(output, lambda: _chapters_table(found["chapters"], wide=wide), "chapters", found["chapters"])
    if output in {Format.TABLE, Format.WIDE}:
        print_table(_notes(found, SystemClock().wall_ms()))


@app.command("drill")
def drill(
    *,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end, and show what was found.")] = True,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Restore the replica into a scratch folder and compare it with the live database; exit code 1 if it fails."""
    with connect(socket, context) as client:
        before = client.get(_BACKUPS)["drill"]
        client.post(f"{_BACKUPS}/drill")
        if not wait:
            typer.echo("The drill has begun; `sysmon backup list` shows how it ends.")
            return
        with progress("Restoring the replica"):
            found = _ended(client, before)
    print_rows(output, lambda: _drill_table(found), "drills", [found])
    if found["state"] != "passed":
        raise ReplicaBrokenError(found["problem"], hint=found["hint"])


@app.command("restore")
def restore(
    *,
    at: At,
    path: Path = "",
    yes: Yes = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Go back to the live database of a moment; agents send again what they still have, and everybody signs in anew."""
    at_ms = moment_of(at, SystemClock().wall_ms())
    when = second_cell(at_ms).text
    with connect(socket, context) as client:
        confirm(f"Go back to {when} UTC, and give up what was stored and changed since?", yes=yes)
        client.be_patient(_PATIENCE_SECONDS)
        with progress("Restoring the replica"):
            begun = client.post(f"{_BACKUPS}/restore", {"at": at_ms, "path": path})
    typer.echo(f"A new epoch begins with {when} UTC of {begun['path']}; `sysmon backup list` shows it.")


def _ended(client: Client, before: Any) -> Any:
    """Wait for the drill that was asked for, or for the one that ran already."""
    never = threading.Event()
    while True:
        found = client.get(_BACKUPS)["drill"]
        is_new = found["began"] != before["began"] or before["state"] == "running"
        if is_new and found["state"] in {"passed", "failed"}:
            return found
        never.wait(_LOOK_SECONDS)


def _chapters_table(chapters: Any, *, wide: bool) -> Table:
    names = ("epoch", "began", "node", "why", "from", "to", "state", *(("path",) if wide else ()))
    return Table(names, [_chapter_row(chapter, wide=wide) for chapter in reversed(chapters)], frozenset({"epoch"}))


def _chapter_row(chapter: Any, *, wide: bool) -> list[Cell]:
    row = [
        Cell(str(chapter["epoch"]), value=chapter["epoch"], style="bold"),
        moment_cell(chapter["began"]),
        Cell(chapter["node"]),
        Cell(chapter["origin"] or "start"),
        moment_cell(chapter["from"]),
        moment_cell(chapter["to"]),
        _state_cell(chapter),
    ]
    return [*row, Cell(chapter["path"])] if wide else row


def _state_cell(chapter: Any) -> Cell:
    if chapter["to"] is None:
        return Cell("deleted")
    return Cell("in line", style="green") if chapter["on_line"] else Cell("given up", style="yellow")


def _notes(found: Any, now_ms: int) -> Table:
    ran = found["drill"]
    state = Cell(ran["state"], style=_STYLES.get(ran["state"], ""))
    rows = [
        (Cell("oldest moment"), second_cell(found["from"])),
        (Cell("newest moment"), second_cell(found["to"])),
        (Cell("newest drill"), state),
        (Cell("it ended"), ago_cell(ran["ended"], now_ms)),
    ]
    if ran["problem"]:
        rows.append((Cell("problem"), Cell(ran["problem"])))
    return Table(("property", "value"), rows)


def _drill_table(found: Any) -> Table:
    ticks = found["counts"].get("ticks", 0)
    cells = (
        Cell(found["state"], style=_STYLES.get(found["state"], "")),
        second_cell(found["ended"]),
        Cell(duration_text(found["seconds"]) if found["seconds"] >= 1 else f"{found['seconds']:.2f} s"),
        Cell(bytes_text(found["restored_bytes"]), value=found["restored_bytes"]),
        Cell(str(ticks), value=ticks),
    )
    header = ("state", "ended", "took", "size", "ticks")
    return Table(header, [cells], frozenset(header[2:]))
