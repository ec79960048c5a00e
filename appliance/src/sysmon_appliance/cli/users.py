"""`sysmon users`: who may sign in, and what they may do."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.confirmation import Yes, confirm
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.timing import ago_cell, moment_cell
from sysmon_appliance.domain.principals import Role

app = typer.Typer(help="Decide who may sign in, and what they may do.", no_args_is_help=True, rich_markup_mode=None)

_HEADER = ("name", "role", "state", "last_signed_in", "created")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")]
RoleOption = Annotated[Role, typer.Option("--role", help="What the user may do.")]


@app.command("list")
def list_users(
    *,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List users with their roles."""
    with connect(socket, context) as client:
        users = client.get("/api/v1/users")["users"]
    print_rows(output, lambda: _table(users, SystemClock().wall_ms()), "users", users)


@app.command("create")
def create(
    name: Name,
    *,
    role: RoleOption = Role.VIEWER,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Add a user, and print the address at which they set their password: once, within 24 hours."""
    with connect(socket, context) as client:
        made = client.post("/api/v1/users", {"name": name, "role": role})
    typer.echo(made["invitation"])


@app.command("invite")
def invite(name: Name, *, context: options.Context = None, socket: options.Socket = None) -> None:
    """Print another such address, for a user who has lost the first or forgotten the password."""
    with connect(socket, context) as client:
        made = client.post(f"{_path(name)}/invitation")
    typer.echo(made["invitation"])


@app.command("set-role")
def set_role(
    name: Name,
    role: Annotated[Role, typer.Argument(help="What the user may do from now on.")],
    *,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Give a user another role; their sessions end."""
    with connect(socket, context) as client:
        client.patch(_path(name), {"role": role})
    typer.echo(f"{name} is {role} now.")


@app.command("disable")
def disable(name: Name, *, context: options.Context = None, socket: options.Socket = None) -> None:
    """Shut a user out, with their sessions and API tokens, until `enable`."""
    with connect(socket, context) as client:
        client.patch(_path(name), {"disabled": True})
    typer.echo(f"{name} is shut out.")


@app.command("enable")
def enable(name: Name, *, context: options.Context = None, socket: options.Socket = None) -> None:
    """Let a user in again."""
    with connect(socket, context) as client:
        client.patch(_path(name), {"disabled": False})
    typer.echo(f"{name} may sign in.")


@app.command("remove")
def remove(name: Name, *, yes: Yes = False, context: options.Context = None, socket: options.Socket = None) -> None:
    """Remove a user for good, with their sessions and API tokens."""
    with connect(socket, context) as client:
        confirm(f"Remove {name} with all sessions and API tokens?", yes=yes)
        client.delete(_path(name))
    typer.echo(f"{name} is removed.")


def _path(name: str) -> str:
    return f"/api/v1/users/{quote(name, safe='')}"


def _table(users: Sequence[Any], now_ms: int) -> Table:
    return Table(_HEADER, [_row(user, now_ms) for user in users])


def _row(user: Any, now_ms: int) -> Sequence[Cell]:
    return (
        Cell(user["name"], style="bold"),
        Cell(user["role"]),
        _state(user),
        ago_cell(user["last_signed_in"], now_ms),
        moment_cell(user["created"]),
    )


def _state(user: Any) -> Cell:
    if user["disabled"]:
        return Cell("disabled", style="red")
    return Cell("invited", style="yellow") if user["invited"] else Cell("active", style="green")
