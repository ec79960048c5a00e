"""`sysmon series`: which series there are, and what makes so many of them."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows, print_table
from sysmon_appliance.cli.quantities import number_text
from sysmon_appliance.cli.timing import ago_cell, moment_cell

app = typer.Typer(help="See which series hosts have.", no_args_is_help=True, rich_markup_mode=None)

_PATH = "/api/v1/series"
_PAGE = 1000
_TABLES = {Format.TABLE, Format.WIDE}

Match = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MATCH…]",
        help="""Only series that fit one of these: 'system.cpu.time{cpu.mode="user",host=~"web-.*"}'.""",
        show_default=False,
    ),
]
Host = Annotated[
    str | None,
    typer.Option("--host", metavar="HOST", help="Only this host: a name, an id or its beginning.", show_default=False),
]


@app.command("list")
def list_series(
    match: Match = None,
    *,
    host: Host = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Series at most.")] = 100,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List series with when they came first and last, by host, metric and attributes; -o wide shows ids of hosts.

    Attributes are matched by their keys, hosts by `host`, `host_id` and the keys of their labels; with =, !=, =~ and
    !~, the last two with a regular expression of the whole value.
    """
    with connect(socket, context) as client:
        first = client.get(_PATH, match=match, host=host, limit=min(limit, _PAGE))
        found = list(islice(_walked(client, first, match=match, host=host), limit))
    now_ms = SystemClock().wall_ms()
    print_rows(output, lambda: _series_table(found, now_ms, wide=output is not Format.TABLE), "series", found)
    if len(found) < first["total"]:
        typer.echo(f"These are {len(found)} of {first['total']} series; --limit shows more.", err=True)


@app.command("cardinality")
def cardinality(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Entries of each table.")] = 10,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Show which hosts, metrics and keys of attributes make the most series."""
    with connect(socket, context) as client:
        found = client.get(f"{_PATH}/cardinality", limit=limit)
    print_rows(output, lambda: _summary_table(found), "cardinality", [found])
    if output in _TABLES:
        for table in (_hosts_table(found), _metrics_table(found), _keys_table(found)):
            typer.echo()
            print_table(table)


def _walked(client: Client, page: Any, **selection: Any) -> Iterator[Any]:
    """Yield series from a first page on."""
    while True:
        yield from page["series"]
        if page["next"] is None:
            return
        page = client.get(_PATH, cursor=page["next"], limit=_PAGE, **selection)


def _series_table(found: Sequence[Any], now_ms: int, *, wide: bool) -> Table:
    header = ("host", "metric", "attributes", "first", "last")
    rows = [
        [
            Cell(one["host"]["name"], style="bold"),
            Cell(one["metric"]),
            Cell(_attributes_text(one["attributes"])),
            moment_cell(one["first"]),
            ago_cell(one["last"], now_ms),
            *([Cell(one["host"]["id"])] if wide else []),
        ]
        for one in found
    ]
    return Table((*header, "host_id") if wide else header, rows)


def _summary_table(found: Any) -> Table:
    names = ("total", "active", "limit_per_host", "new_per_host_per_day")
    return Table(names, [[_count(found[name]) for name in names]], frozenset(names))


def _hosts_table(found: Any) -> Table:
    rows = [
        [Cell(host["name"], style="bold"), _count(host["series"]), _count(host["active"])] for host in found["hosts"]
    ]
    return Table(("host", "series", "active"), rows, frozenset({"series", "active"}))


def _metrics_table(found: Any) -> Table:
    rows = [[Cell(one["metric"], style="bold"), _count(one["series"])] for one in found["metrics"]]
    return Table(("metric", "series"), rows, frozenset({"series"}))


def _keys_table(found: Any) -> Table:
    rows = [
        [Cell(one["key"], style="bold"), _count(one["values"]), _count(one["series"])] for one in found["attributes"]
    ]
    return Table(("key", "values", "series"), rows, frozenset({"values", "series"}))


def _attributes_text(attributes: Any) -> str:
    return ", ".join(f"{key}={value}" for key, value in attributes.items()) or "-"


def _count(number: int) -> Cell:
    return Cell(number_text(number), value=number)
