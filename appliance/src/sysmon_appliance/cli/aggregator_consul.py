"""`sysmon-aggregator consul`: what an operator of Consul needs to know of this aggregator."""

import socket
from typing import Annotated

import typer

from sysmon_appliance.cli.aggregator_settings import ConfigFile, Override, read_settings

app = typer.Typer(help="Prepare Consul for this aggregator.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def consul() -> None:
    """Let there be commands, though there is one."""


@app.command("policy")
def policy(
    *,
    node: Annotated[
        str, typer.Option("--node", help="Name of the Consul node beside this aggregator; by default the host name.")
    ] = "",
    config_file: ConfigFile = None,
    override: Override = None,
) -> None:
    """Print the ACL policy for this aggregator's token: what it needs, and nothing else."""
    from sysmon_appliance.consul.configured import key_prefix  # noqa: PLC0415 - only this command needs Consul
    from sysmon_appliance.consul.policy import policy as rules  # noqa: PLC0415 - as above

    settings = read_settings(config_file, override).settings
    prefix = key_prefix(settings.consul, settings.region)
    registers_hosts = settings.consul.register == "all"
    consul_node = node or socket.gethostname()
    typer.echo(rules(prefix, settings.region, consul_node=consul_node, registers_hosts=registers_hosts), nl=False)
