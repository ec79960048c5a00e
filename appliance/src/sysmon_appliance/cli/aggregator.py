"""The command `sysmon-aggregator`."""

import os
from typing import Annotated, Any

import typer

from sysmon_appliance import __version__
from sysmon_appliance.cli import aggregator_consul, aggregator_pki
from sysmon_appliance.cli.aggregator_settings import ConfigFile, Override, read_settings
from sysmon_appliance.cli.failures import guarded
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows

app = typer.Typer(
    name="sysmon-aggregator",
    help="Take in what agents send, keep it, and serve console and API.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
config = typer.Typer(help="Look at the settings.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(config, name="config")
app.add_typer(aggregator_pki.app, name="pki")
app.add_typer(aggregator_consul.app, name="consul")


def main() -> None:
    """Run `sysmon-aggregator`."""
    with guarded():
        app(prog_name="sysmon-aggregator")


@app.command("run")
def run(*, config_file: ConfigFile = None, override: Override = None) -> None:
    """Run the aggregator in the foreground until SIGTERM or Ctrl-C."""
    from sysmon_appliance.cli.service import serve  # noqa: PLC0415 - only this command needs database and web server

    serve(read_settings(config_file, override).settings, os.environ)


@app.command("version")
def version() -> None:
    """Print the version."""
    typer.echo(f"sysmon-aggregator {__version__}")


@config.command("check")
def check(*, config_file: ConfigFile = None, override: Override = None) -> None:
    """Report every fault in the settings."""
    read_settings(config_file, override)
    typer.echo("The settings are good.")


@config.command("show")
def show(
    *,
    config_file: ConfigFile = None,
    override: Override = None,
    effective: Annotated[bool, typer.Option("--effective", help="Defaults too, not only what was set.")] = False,
    output: Annotated[Format, typer.Option("--output", "-o", help="How to print.")] = Format.TABLE,
) -> None:
    """Print settings and where each comes from; secrets are not shown."""
    rows = [row for row in read_settings(config_file, override).rows if effective or row.is_set]
    documents = [{"setting": row.key, "value": row.value, "source": row.source} for row in rows]
    print_rows(
        output,
        lambda: Table(
            ("setting", "value", "source"),
            [(Cell(row.key), Cell(_shown(row.value)), Cell(row.source)) for row in rows],
        ),
        "settings",
        documents,
    )


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


if __name__ == "__main__":
    main()
