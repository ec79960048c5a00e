"""The command `sysmon`: a table of contents; each command is in a file of its own."""

from collections.abc import Sequence

import typer

from sysmon_appliance.cli import (
    api_tokens,
    audit,
    backup,
    certs,
    context,
    enrolments,
    ha,
    history,
    hosts,
    link,
    login,
    pki,
    processes,
    secrets,
    series,
    sessions,
    storage,
    tokens,
    up,
    users,
    version,
)
from sysmon_appliance.cli.failures import guarded

app = typer.Typer(
    name="sysmon",
    help="Look at hosts, decide who joins and who looks on, and run SysMonitor on this host.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("up")(up.up)
app.command("link")(link.link)
app.command("login")(login.login)
app.command("logout")(login.logout)
app.command("version")(version.version)
app.add_typer(hosts.app, name="hosts")
app.command("processes")(processes.processes)
app.add_typer(series.app, name="series")
app.add_typer(storage.app, name="storage")
app.add_typer(history.app, name="history")
app.add_typer(backup.app, name="backup")
app.add_typer(ha.app, name="ha")
app.add_typer(tokens.app, name="token")
app.add_typer(enrolments.app, name="enrolments")
app.add_typer(certs.app, name="certs")
app.add_typer(users.app, name="users")
app.add_typer(sessions.app, name="sessions")
app.add_typer(api_tokens.app, name="api-tokens")
app.add_typer(audit.app, name="audit")
app.add_typer(context.app, name="context")
app.add_typer(pki.app, name="pki")
app.add_typer(secrets.app, name="secrets")


def run(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit; without arguments, those of the process."""
    with guarded():
        app(arguments, prog_name="sysmon")
