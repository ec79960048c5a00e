"""`sysmon version`."""

from importlib.metadata import version as version_of

import typer


def version() -> None:
    """Print the version."""
    typer.echo(f"sysmon {version_of('sysmon-appliance')}")
