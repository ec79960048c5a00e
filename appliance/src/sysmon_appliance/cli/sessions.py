"""`sysmon sessions`: browsers that are signed in."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.timing import ago_cell, left_cell

app = typer.Typer(help="Look at browsers that are signed in.", no_args_is_help=True, rich_markup_mode=None)

_HEADER = ("id", "name", "via", "origin", "last_used", "expires", "agent")


@app.command("list")
def list_sessions(
    *,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List your sessions; those of everybody for an admin."""
    with connect(socket, context) as client:
        sessions = client.get("/api/v1/sessions")["sessions"]
    print_rows(output, lambda: _table(sessions, SystemClock().wall_ms()), "sessions", sessions)


@app.command("end")
def end(
    session: Annotated[str, typer.Argument(metavar="ID", help="Id of the session.")],
    *,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Sign a browser out."""
    with connect(socket, context) as client:
        client.delete(f"/api/v1/sessions/{quote(session, safe='')}")
    typer.echo("The session has ended.")


def _table(sessions: Sequence[Any], now_ms: int) -> Table:
    return Table(_HEADER, [_row(session, now_ms) for session in sessions])


def _row(session: Any, now_ms: int) -> Sequence[Cell]:
    return (
        Cell(session["id"]),
        Cell(session["name"], style="bold"),
        Cell(session["via"]),
        Cell(session["origin"]),
        ago_cell(session["last_used"], now_ms),
        left_cell(session["expires"], now_ms),
        Cell(session["agent"][:40], value=session["agent"]),
    )
