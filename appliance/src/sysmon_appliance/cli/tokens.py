"""`sysmon token`: tokens with which hosts join."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.since import seconds_of
from sysmon_appliance.cli.timing import left_cell
from sysmon_appliance.errors import BadRequestError

app = typer.Typer(help="Make tokens with which hosts join.", no_args_is_help=True, rich_markup_mode=None)

_HEADER = ("id", "state", "uses_left", "expires", "labels", "for", "created_by")
_STYLES = {"usable": "green", "expired": "yellow", "revoked": "red"}


@app.command("create")
def create(
    *,
    ttl: Annotated[str, typer.Option("--ttl", metavar="TIME", help="How long it is good: 10m, 1h, 7d.")] = "1h",
    uses: Annotated[int, typer.Option("--uses", min=1, metavar="N", help="How many hosts it lets in.")] = 1,
    labels: Annotated[
        str, typer.Option("--labels", metavar="LABEL=VALUE,…", help="Labels that its hosts get: role=db,env=prod.")
    ] = "",
    approval: Annotated[bool, typer.Option("--approval", help="Let its hosts wait until somebody approves.")] = False,
    replace: Annotated[
        str, typer.Option("--replace", metavar="HOST", help="Id or name of the host whose history its host continues.")
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the token alone.")] = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Make a join token, and print it; it can't be shown again."""
    wanted = {
        "ttl_seconds": round(seconds_of(ttl)),
        "uses": uses,
        "labels": _labels(labels),
        "approval": approval,
        "replace": replace,
    }
    with connect(socket, context) as client:
        made = client.post("/api/v1/tokens", wanted)
    typer.echo(made["secret"])
    if not quiet:
        typer.echo(f"\nnext, on the host that joins:\n\n  {made['command']}", err=True)


@app.command("list")
def list_tokens(
    *,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List join tokens, the newest first."""
    with connect(socket, context) as client:
        tokens = client.get("/api/v1/tokens")["tokens"]
    print_rows(output, lambda: _table(tokens, SystemClock().wall_ms()), "tokens", tokens)


@app.command("revoke")
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="Id of the token.")],
    *,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Let a join token be good for nothing from now on; hosts that it has let in stay."""
    with connect(socket, context) as client:
        client.delete(f"/api/v1/tokens/{quote(token, safe='')}")
    typer.echo("The token is revoked.")


def _labels(text: str) -> Mapping[str, str]:
    """Read labels; raises BadRequestError."""
    labels = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name:
            raise BadRequestError(f"{part!r} is no label such as role=db.", hint="sysmon token create --help")
        labels[name.strip()] = value.strip()
    return labels


def _table(tokens: Sequence[Any], now_ms: int) -> Table:
    return Table(_HEADER, [_row(token, now_ms) for token in tokens], frozenset({"uses_left"}))


def _row(token: Any, now_ms: int) -> Sequence[Cell]:
    return (
        Cell(token["id"], style="bold"),
        Cell(token["state"], style=_STYLES.get(token["state"], "")),
        Cell(f"{token['uses_left']} of {token['uses']}", value=token["uses_left"]),
        left_cell(token["expires"], now_ms),
        Cell(",".join(f"{name}={value}" for name, value in token["labels"].items())),
        Cell(_bound(token)),
        Cell(token["created_by"]),
    )


def _bound(token: Any) -> str:
    """Say for which hosts a token is, where not for any."""
    return f"the place of {token['replace']['name']}" if token["replace"] else "approval" if token["approval"] else ""
