"""`sysmon-aggregator pki`: this aggregator's intermediate, with which it lets hosts in.

What the commands do is in `issuers.py`, which each imports when it runs: cryptography takes a while to load.
"""

import socket
from pathlib import Path
from typing import Annotated

import typer

from sysmon_appliance.cli import options
from sysmon_appliance.cli.aggregator_settings import ConfigFile, Override, read_settings
from sysmon_appliance.cli.output import Format

app = typer.Typer(
    help="Get and show the intermediate with which this aggregator lets hosts in.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Roots = typer.Argument(metavar="CA", help="The ca.pem of the root's folder.")


@app.command("request")
def request(
    *,
    name: Annotated[str, typer.Option("--name", help="Name of this aggregator; by default its host name.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where the request goes; else it is printed.")
    ] = None,
    config_file: ConfigFile = None,
    override: Override = None,
) -> None:
    """Make a key that stays here, and a request that `sysmon pki sign` answers."""
    from sysmon_appliance.cli import issuers  # noqa: PLC0415 - see above

    issuers.request(read_settings(config_file, override).settings, name or socket.gethostname(), output)


@app.command("install")
def install(
    certificate: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="What `sysmon pki sign` wrote.")],
    authority: Annotated[Path | None, Roots] = None,
    *,
    config_file: ConfigFile = None,
    override: Override = None,
) -> None:
    """Take a signed intermediate into use, with the roots that are to be trusted."""
    from sysmon_appliance.cli import issuers  # noqa: PLC0415 - see above

    issuers.install(read_settings(config_file, override).settings, certificate, authority)


@app.command("trust")
def trust(authority: Annotated[Path, Roots], *, config_file: ConfigFile = None, override: Override = None) -> None:
    """Trust these roots and no others from now on; hosts get them when they renew."""
    from sysmon_appliance.cli import issuers  # noqa: PLC0415 - see above

    issuers.trust(read_settings(config_file, override).settings, authority)


@app.command("show")
def show(*, config_file: ConfigFile = None, override: Override = None, output: options.Output = Format.TABLE) -> None:
    """Show this aggregator's certificates and the roots that it trusts."""
    from sysmon_appliance.cli import issuers  # noqa: PLC0415 - see above

    issuers.show(read_settings(config_file, override).settings, output)
