"""Options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from sysmon_appliance.cli.output import Format

Output = Annotated[Format, typer.Option("--output", "-o", help="How to print.", show_default=True)]
Columns = Annotated[str, typer.Option("--columns", metavar="NAME,NAME", help="Columns to print, in this order.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Print again every two seconds until Ctrl-C.")]
Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="An aggregator of `sysmon context list`.", show_default=False),
]
Socket = Annotated[
    Path | None, typer.Option("--socket", metavar="FILE", help="Unix socket of the aggregator.", show_default=False)
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the list and the audit log.")]
