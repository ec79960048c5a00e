"""`sysmon ha`: who leads, whether everything is durable, and who is to lead next."""

import os
from typing import Annotated, Any

import typer

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import ExitCode
from sysmon_appliance.cli import options
from sysmon_appliance.cli.client import Client, find_socket
from sysmon_appliance.cli.confirmation import Yes, confirm, confirm_by_name
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.ha_tables import (
    chapters_table,
    checks_table,
    databases_table,
    headline,
    nodes_table,
    notes_table,
)
from sysmon_appliance.cli.ha_waiting import first_leader, next_leader
from sysmon_appliance.cli.output import Format, print_rows, print_table, watch
from sysmon_appliance.cli.progress import progress
from sysmon_appliance.errors import ConflictError

app = typer.Typer(
    help="See who leads the region, and hand the lead to another aggregator.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_HA = "/api/v1/ha"
_HANDOFF = "/api/v1/ha/handoff"
_STATUS = "sysmon ha status"
_TABLES = {Format.TABLE, Format.WIDE}

To = Annotated[str, typer.Option("--to", metavar="NAME", help="Who is to lead; default: whoever is best prepared.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until somebody leads.")]


@app.command("status")
def status(
    *,
    output: options.Output = Format.TABLE,
    again: options.Watch = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Show who leads, how far everything is durable, and how the others follow; -o wide shows addresses.

    The exit code is 7 where something is less than it should be, such as a leader without a standby.
    """
    with connect(socket, context) as client:
        if again:
            watch(lambda: _show(client.get(_HA), output))
        else:
            state = client.get(_HA)
            _show(state, output)
            if state["degraded"]:
                raise typer.Exit(ExitCode.PARTIAL)


@app.command("handoff")
def handoff(
    *,
    to: To = "",
    yes: Yes = False,
    wait: Wait = True,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Hand the lead to a standby, such as before work on the leader's machine; nothing is lost."""
    with connect(socket, context) as client:
        found = client.get(_HANDOFF, to=to or None)
        print_table(checks_table(found["checks"]))
        if not found["ok"]:
            raise ConflictError("The lead cannot be handed over now.", hint=_STATUS)
        confirm(f"Let {to or 'the standby that is best prepared'} lead?", yes=yes)
        ordered = client.post(_HANDOFF, {"to": to})
        if not wait:
            typer.echo(f"{ordered['to']} prepares itself; `{_STATUS} --watch` shows when it leads.")
            return
        with progress(f"{ordered['to']} prepares itself to lead"):
            _say_who_leads(next_leader(client, SystemClock(), ordered))


@app.command("adopt")
def adopt(*, yes: Yes = False, wait: Wait = True, socket: options.Socket = None) -> None:
    """Begin a region of several aggregators with the database of this single one; on its own machine."""
    with Client(find_socket(socket, os.environ)) as client:
        state = client.get(_HA)
        blocked = _blocked(state)
        print_table(databases_table(blocked["databases"]))
        confirm_by_name(
            f"What is in this database becomes the beginning of the region {state['region']}.",
            state["region"],
            yes=yes,
        )
        client.post(f"{_HA}/adopt")
        _wait_for_leader(client, wait=wait)


@app.command("recover")
def recover(
    *,
    path: Annotated[
        str, typer.Option("--path", metavar="PATH", help="What to lead with; default: the newest that there is.")
    ] = "",
    yes: Yes = False,
    wait: Wait = True,
    socket: options.Socket = None,
) -> None:
    """Lead with what the replica holds, after Consul has lost its data; on an aggregator's own machine.

    What a later path than the chosen one holds is not led with, and agents send again what they still have.
    """
    with Client(find_socket(socket, os.environ)) as client:
        chapters = _blocked(client.get(_HA))["chapters"]
        print_table(chapters_table(chapters))
        chosen = path or (chapters[-1]["path"] if chapters else "")
        if not chosen:
            raise ConflictError("The replica holds nothing that could be led with.", hint=_STATUS)
        confirm_by_name("This path becomes what the region goes on from.", chosen, yes=yes)
        client.post(f"{_HA}/recover", {"path": chosen})
        _wait_for_leader(client, wait=wait)


def _show(state: Any, output: Format) -> None:
    now_ms = SystemClock().wall_ms()
    if output in _TABLES:
        typer.echo(headline(state, now_ms))
    print_rows(output, lambda: nodes_table(state, now_ms, wide=output is Format.WIDE), "regions", [state])
    notes = notes_table(state)
    if output in _TABLES and notes.rows:
        print_table(notes)


def _blocked(state: Any) -> Any:
    """Return what keeps a node waiting for a person.

    Raises
    ------
    ConflictError
        Nothing does.
    """
    if state["blocked"] is None:
        raise ConflictError("This aggregator waits for nobody's decision.", hint=_STATUS)
    return state["blocked"]


def _wait_for_leader(client: Client, *, wait: bool) -> None:
    if not wait:
        typer.echo(f"It is under way; `{_STATUS} --watch` shows when this aggregator leads.")
        return
    with progress("Preparing to lead"):
        _say_who_leads(first_leader(client, SystemClock()))


def _say_who_leads(state: Any) -> None:
    leader = state["leader"]
    typer.echo(f"{leader['node']} leads with epoch {leader['epoch']}.")
