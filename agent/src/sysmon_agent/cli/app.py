"""Reads the command line."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sysmon_agent import __version__
from sysmon_agent.cli.check import check
from sysmon_agent.cli.launch import launch
from sysmon_agent.cli.once import once
from sysmon_agent.config.reader import read
from sysmon_agent.config.values import AgentSettings
from sysmon_agent.errors import SysmonError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    options = parser().parse_args(arguments)
    try:
        sys.exit(options.command(options))
    except SysmonError as error:
        print(f"error[{error.code}]: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # whoever read the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="sysmon-agent", description="Collects this host's metrics and delivers them.")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="Collect and deliver until stopped.")
    run.set_defaults(command=_run)
    checking = commands.add_parser("check", help="Check settings, certificate, spool and aggregators.")
    checking.set_defaults(command=_check)
    looking = commands.add_parser("once", help="Collect once and print it; nothing is delivered.")
    looking.add_argument("-o", "--output", choices=("table", "json", "jsonl"), default="table", help="How to print.")
    looking.add_argument("--list", action="store_true", help="List the collectors instead.")
    looking.set_defaults(command=_once)
    version = commands.add_parser("version", help="Print the version.")
    version.set_defaults(command=_version)
    for command in (run, checking, looking):
        _add_settings_options(command)
    return top


def _add_settings_options(command: argparse.ArgumentParser) -> None:
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


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return key, value


def default_config() -> Path:
    """Return where the settings are looked for when nobody says: the system's for root, the user's for others."""
    if os.geteuid() == 0:
        return Path("/etc/sysmon/agent.yaml")
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "sysmon" / "agent.yaml"


def _settings(options: argparse.Namespace) -> AgentSettings:
    path: Path | None = options.config or default_config()
    if not options.config and path and not path.exists():
        path = None
    overrides: dict[str, Any] = dict(options.overrides)
    return read(AgentSettings, path=path, environ=os.environ, overrides=overrides)


def _run(options: argparse.Namespace) -> int:
    launch(_settings(options))
    return 0


def _check(options: argparse.Namespace) -> int:
    return check(_settings(options), print)


def _once(options: argparse.Namespace) -> int:
    return once(_settings(options), options.output, names_only=options.list)


def _version(_options: argparse.Namespace) -> int:
    print(f"sysmon-agent {__version__}")
    return 0
