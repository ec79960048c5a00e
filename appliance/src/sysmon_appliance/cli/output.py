"""Prints rows in the format that was asked for.

Tables are coloured on a terminal and plain everywhere else. Documents carry a schema_version, so that scripts notice
a change of shape.
"""

import csv
import json
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import typer
import yaml

SCHEMA_VERSION = 1
WATCH_SECONDS = 2.0
_CLEAR = "\x1b[2J\x1b[H"


class Format(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of a table."""

    text: str
    value: Any = None  # what CSV gets; the text where it is None
    ratio: float | None = None  # drawn as a meter on a terminal
    style: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    right: frozenset[str] = frozenset()  # columns of numbers


def print_rows(output: Format, table: Callable[[], Table], member: str, documents: Sequence[Any]) -> None:
    """Print a list: as a table, or as documents under the name `member`."""
    match output:
        case Format.JSON:
            typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, member: documents}, indent=2))
        case Format.JSONL:
            for document in documents:
                typer.echo(json.dumps({"schema_version": SCHEMA_VERSION} | document))
        case Format.YAML:
            content = {"schema_version": SCHEMA_VERSION, member: documents}
            typer.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), nl=False)
        case Format.CSV:
            _print_csv(table())
        case Format.TABLE | Format.WIDE:
            print_table(table())


def print_table(table: Table) -> None:
    """Print a table; names that came from hosts and browsers command no terminal."""
    table = _printable(table)
    if sys.stdout.isatty():
        from sysmon_appliance.cli.terminal import draw  # noqa: PLC0415 - rich takes a while, and scripts see none of it

        draw(table)
    else:
        typer.echo("\n".join(_aligned(table)))


def watch(show: Callable[[], None], pause_seconds: float = WATCH_SECONDS) -> None:
    """Show again and again until Ctrl-C; a terminal is cleared in between."""
    never = threading.Event()
    try:
        while True:
            typer.echo(_CLEAR if sys.stdout.isatty() else "", nl=False)
            show()
            sys.stdout.flush()
            never.wait(pause_seconds)
    except KeyboardInterrupt:
        return


def _print_csv(table: Table) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(table.header)
    writer.writerows([cell.text if cell.value is None else cell.value for cell in row] for row in table.rows)


def _printable(table: Table) -> Table:
    rows = [[replace(cell, text=_printed(cell.text)) for cell in row] for row in table.rows]
    return Table([*map(_printed, table.header)], rows, frozenset(map(_printed, table.right)))


def _printed(text: str) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _aligned(table: Table) -> Iterable[str]:
    rows = [[name.upper() for name in table.header], *([cell.text for cell in row] for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, table.header, strict=True)
        yield "  ".join(
            text.rjust(width) if name in table.right else text.ljust(width) for text, width, name in cells
        ).rstrip()
