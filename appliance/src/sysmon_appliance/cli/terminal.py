"""Tables as a terminal shows them: in colour, with meters."""

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from sysmon_appliance.cli.output import Cell, Table

METER_WIDTH = 8


def draw(table: Table, console: Console | None = None) -> None:
    (console or Console()).print(_drawn(table))


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in table.header:
        drawn.add_column(name.upper(), justify="right" if name in table.right else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*map(_painted, row))
    return drawn


def _painted(cell: Cell) -> Text:
    if cell.ratio is None:
        return Text(cell.text, style=cell.style)
    filled = round(min(max(cell.ratio, 0.0), 1.0) * METER_WIDTH)
    style = "red" if cell.ratio >= 0.9 else "yellow" if cell.ratio >= 0.75 else "green"
    return Text.assemble(("━" * filled, style), ("━" * (METER_WIDTH - filled), "bright_black"), f" {cell.text:>4}")
