"""Where commands of the aggregator find its settings."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from sysmon_agent.config.places import places_of
from sysmon_agent.config.reader import Reading, read_with_sources
from sysmon_agent.errors import ConfigError, Fault
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.consul import configured as consul
from sysmon_appliance.domain.retention import policy_of
from sysmon_appliance.objectstore.configured import shelf_settings

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


def read_settings(file: Path | None, override: list[str] | None) -> Reading[AggregatorSettings]:
    """Read the settings that the options of a command name; raises ConfigError with every fault."""
    places = places_of(os.geteuid(), os.environ)
    reading = read_with_sources(
        AggregatorSettings,
        path=file or Path(places.settings_file("aggregator")),
        environ=os.environ,
        overrides=_overrides(override or []),
        places=places,
        optional=file is None,
    )
    source = next(row.source for row in reading.rows if row.key == "retention.rules")
    policy_of(reading.settings.retention, source)
    shelf_settings(reading.settings)
    consul.check(reading.settings.consul, reading.settings.region)
    return reading


def _overrides(pairs: list[str]) -> dict[str, Any]:
    faults = [
        Fault(f"--set {pair}", "this is no NAME=VALUE", "write console.listen=[::1]:7480")
        for pair in pairs
        if "=" not in pair
    ]
    if faults:
        raise ConfigError("The command line has faults:", faults=tuple(faults))
    return dict(pair.split("=", 1) for pair in pairs)
