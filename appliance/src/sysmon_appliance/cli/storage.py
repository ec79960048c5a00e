"""`sysmon storage`: what is kept, what it will weigh, and the files that it is in."""

from typing import Annotated

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options, storage_check
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Format, print_rows, print_table
from sysmon_appliance.cli.storage_tables import (
    forecast_notes,
    forecast_table,
    rules_table,
    segments_table,
    status_notes,
    status_table,
)
from sysmon_appliance.domain.segments import Kind

app = typer.Typer(
    help="See what is stored, what it will weigh, and whether it is whole.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_PAGE = 1000
_TABLES = {Format.TABLE, Format.WIDE}


@app.command("status")
def status(
    *,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Show what is kept, what it weighs, when the disk is full, and what is wrong; -o wide shows more."""
    with connect(socket, context) as client:
        state = client.get("/api/v1/storage")
        forecast = client.get("/api/v1/storage/forecast", days=1) if output in _TABLES else None
    print_rows(output, lambda: status_table(state, wide=output is not Format.TABLE), "storage", [state])
    if forecast is not None:
        print_table(status_notes(state, forecast, SystemClock().wall_ms()))
    if output is Format.WIDE:
        print_table(rules_table(state["rules"]))


@app.command("forecast")
def forecast(
    *,
    days: Annotated[int, typer.Option("--days", metavar="DAYS", min=1, max=3650, help="How far to look ahead.")] = 365,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Show what history will weigh if hosts stay as many as they are."""
    with connect(socket, context) as client:
        found = client.get("/api/v1/storage/forecast", days=days)
    print_rows(output, lambda: forecast_table(found), "forecasts", [found])
    if output in _TABLES:
        print_table(forecast_notes(found))


@app.command("segments")
def segments(
    *,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only those of this kind.")] = None,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List the files that history is in, the newest first; -o wide shows their names."""
    with connect(socket, context) as client:
        found = list(client.pages("/api/v1/storage/segments", "segments", kind=kind, limit=_PAGE))
    print_rows(output, lambda: segments_table(found, wide=output is not Format.TABLE), "segments", found)


@app.command("seal")
def seal(
    *,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Have all that is in the live database sealed now, such as before a backup."""
    with connect(socket, context) as client:
        client.post("/api/v1/storage/seal")
    typer.echo("The head will be sealed as soon as the job under way is over; `sysmon storage status` shows when.")


app.command("check")(storage_check.check)
app.command("repair")(storage_check.repair)
