"""`sysmon audit`: who has changed what, and whether the record of it is whole."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from sysmon_agent.errors import ConfigError
from sysmon_appliance.cli import options
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.timing import moment_cell
from sysmon_appliance.errors import AuditBrokenError

app = typer.Typer(help="See who has changed what.", no_args_is_help=True, rich_markup_mode=None)

_HEADER = ("number", "time", "actor", "origin", "action", "target")
_WIDE = ("before", "after")
_PAGE = 1000
_MOST_OF_LINE = 1 << 20
"""A longer line is no entry."""

Filter = str | None


@app.command("list")
def list_entries(
    *,
    actor: Annotated[Filter, typer.Option("--actor", help="Only what they did, such as user:alice.")] = None,
    action: Annotated[Filter, typer.Option("--action", help="Only this kind of change: token.create.")] = None,
    target: Annotated[Filter, typer.Option("--target", help="Only changes of this.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Entries at most.")] = 50,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List changes, the newest first; -o wide shows what was before and after."""
    with connect(socket, context) as client:
        entries = _listed(client, limit, actor=actor, action=action, target=target)
    print_rows(output, lambda: _table(entries, wide=output is not Format.TABLE), "entries", entries)


@app.command("export")
def export(
    *,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Print the whole log, the oldest entry first, one JSON object per line.

    The hash of the newest entry goes to standard error: noted elsewhere, it proves later what the log was now.
    """
    number, newest = 0, ""
    with connect(socket, context) as client:
        for line in client.lines("/api/v1/audit/export"):
            sys.stdout.write(line)
            number, newest = number + 1, line
    head = json.loads(newest)["hash"] if newest else "none"
    typer.echo(f"{number} entries; head {head}", err=True)


@app.command("verify")
def verify(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="An export; - is standard input. Without it, the aggregator's own log."),
    ] = None,
    *,
    head: Annotated[
        str, typer.Option("--head", metavar="HASH", help="A head that was noted earlier; it must be in the log.")
    ] = "",
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Check that no entry was changed, removed, added or moved; exit code 1 if one was."""
    if file is None:
        with connect(socket, context) as client:
            verdict = client.get("/api/v1/audit/verify", head=head or None)
    else:
        verdict = _verified(file, head)
    print_rows(output, lambda: _verdict_table(verdict), "verdicts", [verdict])
    if verdict["fault"] is not None:
        number, problem = verdict["fault"]["number"], verdict["fault"]["problem"]
        raise AuditBrokenError(f"The audit log is not whole at entry {number}: {problem}", hint="sysmon audit export")
    if file is not None and not head:
        typer.echo("Whether entries after the last one were cut off, only --head with a noted hash tells.", err=True)


def _listed(client: Client, limit: int, **selection: Filter) -> list[Any]:
    entries: list[Any] = []
    after = None
    while len(entries) < limit:
        page = client.get("/api/v1/audit", after=after, limit=min(_PAGE, limit - len(entries)), **selection)
        entries += page["entries"]
        after = page["next"]
        if after is None:
            break
    return entries


def _verified(file: Path, head: str) -> dict[str, Any]:
    """Verify an export, however long, a line at a time."""
    from sysmon_appliance.domain.audit import verify as verify_entries  # noqa: PLC0415 - other commands need none of it

    try:
        with nullcontext(sys.stdin) if str(file) == "-" else file.open(encoding="utf-8", errors="replace") as lines:
            verdict = verify_entries(_entries(lines), {head} - {""})
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}.", hint=f"ls -l {file}") from error
    fault = verdict.fault and {"number": verdict.fault.number, "problem": verdict.fault.problem}
    return {"intact": not fault, "entries": verdict.head.number, "head": verdict.head.hash, "fault": fault}


def _entries(lines: TextIO) -> Iterator[Any]:
    from sysmon_appliance.domain.audit import Entry, from_line  # noqa: PLC0415 - as above

    number = 0
    while line := lines.readline(_MOST_OF_LINE):
        number += 1
        try:
            yield from_line(line.removesuffix("\n"))
        except ValueError:
            yield Entry(number, line, "")  # which has not this hash


def _table(entries: Sequence[Any], *, wide: bool) -> Table:
    header = _HEADER + _WIDE if wide else _HEADER
    return Table(header, [_row(entry)[: len(header)] for entry in entries], frozenset({"number"}))


def _row(entry: Any) -> Sequence[Cell]:
    return (
        Cell(str(entry["number"]), value=entry["number"]),
        moment_cell(entry["time"]),
        Cell(entry["actor"], style="bold"),
        Cell(entry["origin"] or "-", value=entry["origin"]),
        Cell(entry["action"]),
        Cell(entry["target"]),
        *(Cell(json.dumps(entry[name]) if entry[name] is not None else "-") for name in _WIDE),
    )


def _verdict_table(verdict: Any) -> Table:
    intact = verdict["intact"]
    cells = (
        Cell("yes" if intact else "no", value=intact, style="green" if intact else "red"),
        Cell(str(verdict["entries"]), value=verdict["entries"]),
        Cell(verdict["head"]),
    )
    return Table(("intact", "entries", "head"), [cells], frozenset({"entries"}))
