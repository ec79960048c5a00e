"""`sysmon link`."""

import os

import typer

from sysmon_appliance.cli import options
from sysmon_appliance.cli.client import Client, find_socket


def link(*, socket: options.Socket = None) -> None:
    """Print a new one-time link to the console of this machine."""
    with Client(find_socket(socket, os.environ)) as client:
        typer.echo(client.post("/api/v1/links")["url"])
