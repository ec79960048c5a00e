"""`sysmon enrolments`: hosts that ask to be let in."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.timing import ago_cell
from sysmon_appliance.domain.enrolment import RequestState

app = typer.Typer(help="Decide about hosts that ask to be let in.", no_args_is_help=True, rich_markup_mode=None)

_NARROW = ("id", "name", "address", "state", "why", "requested")
_WIDE = (*_NARROW, "host", "token", "public_key")
_STYLES = {RequestState.WAITING: "yellow", RequestState.APPROVED: "green", RequestState.REJECTED: "red"}

Enrolment = Annotated[str, typer.Argument(metavar="ID", help="Id of the enrolment, as the agent shows it too.")]


@app.command("list")
def list_enrolments(
    *,
    state: Annotated[RequestState | None, typer.Option("--state", help="Only those of this state.")] = None,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List hosts that have asked to be let in, the first one first."""
    with connect(socket, context) as client:
        enrolments = client.get("/api/v1/enrolments", state=state)["enrolments"]
    names = _WIDE if output is Format.WIDE else _NARROW
    print_rows(output, lambda: _table(enrolments, names, SystemClock().wall_ms()), "enrolments", enrolments)


@app.command("approve")
def approve(enrolment: Enrolment, *, context: options.Context = None, socket: options.Socket = None) -> None:
    """Let a waiting host in; its agent asks again within seconds."""
    with connect(socket, context) as client:
        approved = client.post(f"{_path(enrolment)}/approve")
    typer.echo(f"{approved['name']} is let in.")


@app.command("reject")
def reject(enrolment: Enrolment, *, context: options.Context = None, socket: options.Socket = None) -> None:
    """Turn a waiting host away."""
    with connect(socket, context) as client:
        rejected = client.post(f"{_path(enrolment)}/reject")
    typer.echo(f"{rejected['name']} is turned away.")


def _path(enrolment: str) -> str:
    return f"/api/v1/enrolments/{quote(enrolment, safe='')}"


def _table(enrolments: Sequence[Any], names: Sequence[str], now_ms: int) -> Table:
    return Table(names, [[_cell(enrolment, name, now_ms) for name in names] for enrolment in enrolments])


def _cell(enrolment: Any, name: str, now_ms: int) -> Cell:
    match name:
        case "name":
            return Cell(enrolment["name"], style="bold")
        case "state":
            return Cell(enrolment["state"], style=_STYLES[RequestState(enrolment["state"])])
        case "why":
            return Cell(_why(enrolment))
        case "requested":
            return ago_cell(enrolment["requested"], now_ms)
        case "host":
            return Cell(enrolment["host"]["id"] if enrolment["host"] else "")
    return Cell(enrolment[name])


def _why(enrolment: Any) -> str:
    """Say why it waits, or has waited."""
    about = (enrolment["replaces"] or {}).get("name", "")
    words = {"approval": "its token says so", "replace": f"takes the place of {about}", "clone": f"a copy of {about}"}
    return words.get(enrolment["reason"], "")
