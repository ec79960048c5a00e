"""`sysmon context`: which aggregator commands speak to."""

import os
from typing import Annotated

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.contexts import LOCAL, Context, Contexts, change_contexts, contexts_file, load_contexts
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.timing import left_cell

app = typer.Typer(help="Choose the aggregator that commands speak to.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help=f"A context, or {LOCAL!r} for this machine's aggregator.")]


@app.command("list")
def list_contexts(*, output: options.Output = Format.TABLE) -> None:
    """List the aggregators that you have signed in to from here."""
    contexts = load_contexts(contexts_file(os.environ))
    documents = [
        {
            "name": each.name,
            "url": each.url,
            "user": each.user,
            "expires": each.expires_ms,
            "current": each.name == contexts.current,
        }
        for each in contexts.known.values()
    ]
    print_rows(output, lambda: _table(contexts, SystemClock().wall_ms()), "contexts", documents)


@app.command("use")
def use(name: Name) -> None:
    """Speak to this aggregator from now on."""
    change_contexts(contexts_file(os.environ), lambda contexts: contexts.using(name))
    typer.echo(f"Commands speak to {name} now.")


@app.command("remove")
def remove(name: Name) -> None:
    """Forget an aggregator here; its token stays good until it expires, unlike after `sysmon logout`."""
    change_contexts(contexts_file(os.environ), lambda contexts: contexts.without(name))
    typer.echo(f"{name} is forgotten.")


def _table(contexts: Contexts, now_ms: int) -> Table:
    rows = [
        (Cell("*" if each.name == contexts.current else ""), *_cells(each, now_ms)) for each in contexts.known.values()
    ]
    return Table(("current", "name", "url", "user", "token_expires"), rows)


def _cells(context: Context, now_ms: int) -> tuple[Cell, ...]:
    return (
        Cell(context.name, style="bold"),
        Cell(context.url),
        Cell(context.user),
        left_cell(context.expires_ms, now_ms),
    )
