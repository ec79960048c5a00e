"""How every command finds its settings."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from sysmon_agent.config.handing import settings_from
from sysmon_agent.config.places import places_of
from sysmon_agent.config.reader import Reading, read_with_sources
from sysmon_agent.config.values import AgentSettings


def add_settings_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="Settings file; by default /etc/sysmon/agent.yaml for root, ~/.config/sysmon/agent.yaml for others.",
    )
    command.add_argument(
        "--set",
        action="append",
        type=_assignment,
        default=[],
        metavar="NAME=VALUE",
        dest="overrides",
        help="Override a setting, such as spool.max_bytes=64MiB; may be repeated.",
    )


def settings_file(options: argparse.Namespace) -> Path:
    """Return the file that settings are read from, whether or not it is there."""
    named: Path | None = options.config
    return named or Path(places_of(os.geteuid(), os.environ).settings_file("agent"))


def reading(options: argparse.Namespace) -> Reading[AgentSettings]:
    """Read the settings; raises ConfigError."""
    overrides: dict[str, Any] = dict(options.overrides)
    return read_with_sources(
        AgentSettings,
        path=settings_file(options),
        environ=os.environ,
        overrides=overrides,
        places=places_of(os.geteuid(), os.environ),
        optional=options.config is None,
    )


def settings(options: argparse.Namespace) -> AgentSettings:
    return reading(options).settings


def inherited(descriptor: int) -> AgentSettings:
    """Read the settings that the resident agent was started with, and has left open for its children."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, "rb") as file:
        return settings_from(AgentSettings, json.load(file))


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return key, value
