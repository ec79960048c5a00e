"""`sysmon version`."""

import typer

from sysmon_appliance import __version__


def version() -> None:
    """Print the version."""
    typer.echo(f"sysmon {__version__}")
