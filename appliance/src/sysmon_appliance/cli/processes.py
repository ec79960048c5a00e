"""`sysmon processes`: who did it, at a moment or over a while."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.quantities import bytes_text, duration_text, ratio_text
from sysmon_appliance.cli.since import moment_of
from sysmon_appliance.cli.timing import moment_cell
from sysmon_appliance.domain.ranking import Ranking
from sysmon_appliance.errors import BadRequestError

Moment = str | None
Value = float | str | None

_NARROW = ("pid", "name", "user", "cpu", "memory", "read", "write", "command")
_WIDE = ("pid", "name", "user", "state", "cpu", "memory", "read", "write", "threads", "started", "command")
_TOP_NARROW = ("pid", "name", "user", "cpu_seconds", "cpu_max", "memory_max", "read_bytes", "written_bytes", "command")
_TOP_WIDE = (*_TOP_NARROW[:-1], "started", "first", "last", "command")
_TEXTS = frozenset(("name", "user", "state", "command"))
_NARROW_TEXT = 60
_OF_A_WHILE = ("since", "until", "by", "limit")  # options


def _seconds_text(value: float) -> str:
    return f"{value:.1f} s" if value < 60 else duration_text(value)


def _rate_text(value: float) -> str:
    return f"{bytes_text(value)}/s"


def _moment_text(ms: float) -> str:
    return moment_cell(round(ms)).text


_SHOWN: Mapping[str, Callable[[float], str]] = {
    "cpu": ratio_text,
    "cpu_max": ratio_text,
    "cpu_seconds": _seconds_text,
    "memory": bytes_text,
    "memory_max": bytes_text,
    "read": _rate_text,
    "write": _rate_text,
    "read_bytes": bytes_text,
    "written_bytes": bytes_text,
    "started": lambda seconds: _moment_text(1000 * seconds),
    "first": _moment_text,
    "last": _moment_text,
}
"""How numbers are shown; others are whole."""


def processes(  # noqa: PLR0913 - an option each
    called: typer.Context,
    host: Annotated[str, typer.Argument(metavar="HOST", help="Name, id or beginning of an id.")],
    *,
    at: Annotated[Moment, typer.Option("--at", metavar="TIME", help="When: 10m ago, or 2026-11-24T12:30.")] = None,
    top: Annotated[bool, typer.Option("--top", help="Those that used most over a while.")] = False,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="With --top: from when on.")] = "1h",
    until: Annotated[Moment, typer.Option("--until", metavar="TIME", help="With --top: up to when.")] = None,
    by: Annotated[Ranking, typer.Option("--by", help="With --top: what is compared.")] = Ranking.CPU,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="With --top: processes at most.")] = 10,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Show the processes of a host that used most, now or at a moment of the past; with --top, over a while.

    A process is known only while it is among the first by CPU, memory or I/O, so what --top adds up is what it was
    seen to use.
    """
    _check_options(called, host, at, top=top)
    now_ms = SystemClock().wall_ms()
    path = f"/api/v1/hosts/{quote(host, safe='')}/processes"
    with connect(socket, context) as client:
        if top:
            end_ms = moment_of(until, now_ms) if until else now_ms
            wanted = {"from": moment_of(since, now_ms), "to": end_ms, "by": by, "limit": limit}
            found = client.get(f"{path}/top", **wanted)["processes"]
        else:
            found = _named(client.get(path, at=moment_of(at, now_ms) if at else None))
    print_rows(output, lambda: _table(found, top=top, wide=output is not Format.TABLE), "processes", found)


def _check_options(called: typer.Context, host: str, at: Moment, *, top: bool) -> None:
    """Refuse what would be passed over in silence."""
    command = f"sysmon processes {host} --top"
    if top and at:
        raise BadRequestError("--at names one moment, and --top asks for a while.", hint=f"{command} --until {at}")
    for name in () if top else _OF_A_WHILE:
        source = called.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            hint = f"{command} --{name} {called.params[name]}"
            raise BadRequestError(f"--{name} says more of --top, which is missing.", hint=hint)


def _named(answer: Any) -> Sequence[Mapping[str, Value]]:
    """Name the values of a table, each with the moment that it is of."""
    names = [*answer["columns"], "at"]
    return [dict(zip(names, [*row, answer["at"]], strict=True)) for row in answer["rows"]]


def _table(found: Sequence[Mapping[str, Value]], *, top: bool, wide: bool) -> Table:
    columns = (_TOP_WIDE if wide else _TOP_NARROW) if top else (_WIDE if wide else _NARROW)
    rows = [[_cell(name, process.get(name), wide=wide) for name in columns] for process in found]
    return Table(columns, rows, frozenset(columns) - _TEXTS)


def _cell(name: str, value: Value, *, wide: bool) -> Cell:
    if value is None:
        return Cell("-", value="")
    if isinstance(value, str):
        return Cell(value if wide else value[:_NARROW_TEXT], value=value)
    return Cell(_SHOWN.get(name, "{:.0f}".format)(value), value=value)
