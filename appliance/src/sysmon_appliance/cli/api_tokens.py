"""`sysmon api-tokens`: with which programs use the API."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.since import seconds_of
from sysmon_appliance.cli.timing import ago_cell, left_cell
from sysmon_appliance.domain.principals import Role

app = typer.Typer(help="Let programs use the API.", no_args_is_help=True, rich_markup_mode=None)

_HEADER = ("id", "name", "role", "owner", "last_used", "expires")


@app.command("list")
def list_tokens(
    *,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List your API tokens; those of everybody for an admin."""
    with connect(socket, context) as client:
        tokens = client.get("/api/v1/api-tokens")["api_tokens"]
    print_rows(output, lambda: _table(tokens, SystemClock().wall_ms()), "api_tokens", tokens)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    *,
    role: Annotated[Role, typer.Option("--role", help="The most that it may do.")] = Role.VIEWER,
    expires: Annotated[str, typer.Option("--expires", metavar="TIME", help="How long it is good: 12h, 90d.")] = "90d",
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Make an API token, and print it; it can't be shown again."""
    wanted = {"name": name, "role": role, "expires_seconds": round(seconds_of(expires))}
    with connect(socket, context) as client:
        typer.echo(client.post("/api/v1/api-tokens", wanted)["secret"])


@app.command("revoke")
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="Id of the token.")],
    *,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Let an API token be good for nothing from now on."""
    with connect(socket, context) as client:
        client.delete(f"/api/v1/api-tokens/{quote(token, safe='')}")
    typer.echo("The token is revoked.")


def _table(tokens: Sequence[Any], now_ms: int) -> Table:
    return Table(_HEADER, [_row(token, now_ms) for token in tokens])


def _row(token: Any, now_ms: int) -> Sequence[Cell]:
    return (
        Cell(token["id"]),
        Cell(token["name"], style="bold"),
        Cell(token["role"]),
        Cell(token["owner"] or "-", value=token["owner"] or ""),
        ago_cell(token["last_used"], now_ms),
        left_cell(token["expires"], now_ms),
    )
