"""The command `sysmon-aggregator`."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from sysmon_agent.config.places import places_of
from sysmon_agent.config.reader import Reading, read_with_sources
from sysmon_agent.errors import ConfigError, Fault
from sysmon_appliance import __version__
from sysmon_appliance.cli.failures import guarded
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.config import AggregatorSettings

app = typer.Typer(
    name="sysmon-aggregator",
    help="Take in what agents send, keep it, and serve console and API.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
config = typer.Typer(help="Look at the settings.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(config, name="config")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Settings file; by default /etc/sysmon/aggregator.yaml for root, else ~/.config/sysmon/aggregator.yaml.",
    ),
]
Override = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Override a setting, such as console.listen=[::1]:7480."),
]


def main() -> None:
    """Run `sysmon-aggregator`."""
    with guarded():
        app(prog_name="sysmon-aggregator")


@app.command("run")
def run(*, config_file: ConfigFile = None, override: Override = None) -> None:
    """Run the aggregator in the foreground until SIGTERM or Ctrl-C."""
    from sysmon_appliance.cli.service import serve  # noqa: PLC0415 - only this command needs database and web server

    serve(_read(config_file, override).settings, os.environ)


@app.command("version")
def version() -> None:
    """Print the version."""
    typer.echo(f"sysmon-aggregator {__version__}")


@config.command("check")
def check(*, config_file: ConfigFile = None, override: Override = None) -> None:
    """Report every fault in the settings."""
    _read(config_file, override)
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
    rows = [row for row in _read(config_file, override).rows if effective or row.is_set]
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


def _read(file: Path | None, override: list[str] | None) -> Reading[AggregatorSettings]:
    places = places_of(os.geteuid(), os.environ)
    return read_with_sources(
        AggregatorSettings,
        path=file or Path(places.settings_file("aggregator")),
        environ=os.environ,
        overrides=_overrides(override or []),
        places=places,
        optional=file is None,
    )


def _overrides(pairs: list[str]) -> dict[str, Any]:
    faults = [
        Fault(f"--set {pair}", "this is no NAME=VALUE", "write console.listen=[::1]:7480")
        for pair in pairs
        if "=" not in pair
    ]
    if faults:
        raise ConfigError("The command line has faults:", faults=tuple(faults))
    return dict(pair.split("=", 1) for pair in pairs)


if __name__ == "__main__":
    main()
