"""`sysmon hosts`: list, show, compare and shut out."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import AnswerError, ExitCode
from sysmon_appliance.cli import columns as layout
from sysmon_appliance.cli import options
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.confirmation import Yes, confirm
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.details import compared, described
from sysmon_appliance.cli.failures import report
from sysmon_appliance.cli.output import Format, print_rows, watch
from sysmon_appliance.cli.since import seconds_of

app = typer.Typer(help="Look at hosts.", no_args_is_help=True, rich_markup_mode=None)

Selector = Annotated[
    str | None,
    typer.Option("--selector", "-l", metavar="LABEL=VALUE,…", help="Only hosts with these labels: role=db,env!=dev."),
]
Sort = Annotated[
    str | None, typer.Option("--sort", metavar="COLUMN", help="Order by name or a metric; -cpu is the busiest first.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only hosts seen within this time: 10m, 2h.")
]
Hosts = Annotated[list[str], typer.Argument(metavar="HOST…", help="Names, ids or beginnings of ids.")]


@app.command("list")
def list_hosts(
    *,
    output: options.Output = Format.TABLE,
    selector: Selector = None,
    sort: Sort = None,
    since: Since = None,
    columns: options.Columns = "",
    again: options.Watch = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List hosts with their state and latest figures."""
    names = layout.chosen(columns, layout.WIDE if output is Format.WIDE else layout.NARROW)
    seconds = seconds_of(since) if since else None
    with connect(socket, context) as client:

        def show() -> None:
            now = SystemClock().wall_ms()
            hosts = list(client.pages("/api/v1/hosts", "hosts", selector=selector, sort=sort))
            if seconds is not None:
                hosts = [host for host in hosts if host["last_seen"] >= now - seconds * 1000]
            print_rows(output, lambda: layout.hosts_table(hosts, names, now), "hosts", hosts)

        _show(show, again=again)


@app.command("show")
def show_hosts(
    hosts: Hosts,
    *,
    output: options.Output = Format.TABLE,
    again: options.Watch = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Show all that is known of hosts; -o wide adds every series.

    Where some of several hosts are not found, the others are shown and the exit code is 7.
    """
    with connect(socket, context) as client:

        def show() -> None:
            found = _found(client, hosts)
            now = SystemClock().wall_ms()
            print_rows(output, lambda: described(found, now, series=output is Format.WIDE), "hosts", found)
            if len(found) < len(hosts) and not again:
                raise typer.Exit(ExitCode.PARTIAL)

        _show(show, again=again)


@app.command("compare")
def compare_hosts(
    hosts: Hosts,
    *,
    metric: Annotated[list[str] | None, typer.Option("--metric", "-m", help="Only these metrics.")] = None,
    output: options.Output = Format.TABLE,
    again: options.Watch = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Compare the latest figures of hosts with those of the first."""
    with connect(socket, context) as client:

        def show() -> None:
            answer = client.get("/api/v1/hosts/compare", host=hosts, metric=metric)
            print_rows(output, lambda: compared(answer, deltas=output is Format.WIDE), "rows", _named(answer))

        _show(show, again=again)


@app.command("revoke")
def revoke(
    host: Annotated[str, typer.Argument(metavar="HOST", help="Name, id or beginning of an id.")],
    *,
    reason: options.Reason = "",
    yes: Yes = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Shut out a host, at its next request; a new token lets it in again."""
    with connect(socket, context) as client:
        confirm(f"Shut out {host} with every certificate that it has?", yes=yes)
        revoked = client.post(f"/api/v1/hosts/{quote(host, safe='')}/revoke", {"reason": reason})
    typer.echo(f"{revoked['host']['name']} is shut out.")


def _found(client: Client, hosts: Sequence[str]) -> list[Any]:
    """Fetch hosts; those that are not there are reported, and when none is there that is the error."""
    found, missing = [], []
    for host in hosts:
        try:
            found.append(client.get(f"/api/v1/hosts/{quote(host, safe='')}"))
        except AnswerError as error:
            if error.code != "not_found":
                raise
            missing.append(error)
    if not found:
        raise missing[0]
    for absent in missing:
        report(absent)
    return found


def _named(answer: Any) -> list[Any]:
    """Rows that say which host each value belongs to, so that each stands for itself."""
    names = [host["name"] for host in answer["hosts"]]
    return [row | {"hosts": names} for row in answer["rows"]]


def _show(show: Callable[[], None], *, again: bool) -> None:
    if again:
        watch(show)
    else:
        show()
