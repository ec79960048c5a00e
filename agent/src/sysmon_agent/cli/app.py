"""Reads the command line."""

import argparse
import os
import sys
from collections.abc import Sequence

from sysmon_agent import __version__
from sysmon_agent.cli.config import check_settings, show_settings
from sysmon_agent.cli.settings import add_settings_options, settings
from sysmon_agent.cli.tokens import hide_token
from sysmon_agent.errors import SysmonError

_INTERRUPTED = 130
"""What shells say of a program that Ctrl-C has ended."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    given = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(given)
    options.arguments = given
    try:
        sys.exit(options.command(options))
    except SysmonError as error:
        print(f"error[{error.code}]: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="sysmon-agent", description="Collects this host's metrics and delivers them.")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    running = commands.add_parser("run", help="Collect and deliver until stopped.")
    running.set_defaults(command=_run)
    enrolling = commands.add_parser("enroll", help="Join a region with a token of `sysmon token create`.")
    _add_enrolment_options(enrolling)
    renewing = commands.add_parser("renew", help="Renew the certificate now; `run` does it when it is time.")
    _add_renewal_options(renewing)
    discovering = commands.add_parser(
        "discover", help="Ask Consul for aggregators now; `run` does it when none answers."
    )
    _add_inherited(discovering)
    discovering.set_defaults(command=_discover)
    checking = commands.add_parser("check", help="Check settings, certificate, spool and aggregators.")
    checking.set_defaults(command=_check)
    looking = commands.add_parser("once", help="Collect once and print it; nothing is delivered.")
    looking.add_argument("-o", "--output", choices=("table", "json", "jsonl"), default="table", help="How to print.")
    looking.add_argument("--list", action="store_true", help="List the collectors instead.")
    looking.set_defaults(command=_once)
    configuring = _add_config_commands(commands.add_parser("config", help="Look at the settings."))
    version = commands.add_parser("version", help="Print the version.")
    version.set_defaults(command=_version)
    for command in (running, enrolling, renewing, discovering, checking, looking, *configuring):
        add_settings_options(command)
    return top


def _add_enrolment_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "token",
        nargs="?",
        metavar="TOKEN",
        help="The join token; without it and --token-file it is read from standard input.",
    )
    command.add_argument("--token-file", metavar="FILE", help="File with the token; - is standard input.")
    command.add_argument("--name", default="", help="Name of this host; by default the setting's or the host name.")
    command.add_argument(
        "--replace", default="", metavar="HOST", help="Id or name of the host whose history this one continues."
    )
    command.add_argument("--force", action="store_true", help="Give up the identity that this host has.")
    command.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="Wait while somebody must approve; with --no-wait run it again later.",
    )
    command.set_defaults(command=_enroll)


def _add_renewal_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--clone", action="store_true", help="Ask for an identity of its own for a host that was copied from another."
    )
    _add_inherited(command)
    command.set_defaults(command=_renew)


def _add_inherited(command: argparse.ArgumentParser) -> None:
    command.add_argument("--inherited", type=int, help=argparse.SUPPRESS)  # how the resident agent hands over settings


def _add_config_commands(command: argparse.ArgumentParser) -> tuple[argparse.ArgumentParser, ...]:
    below = command.add_subparsers(title="commands", required=True, metavar="COMMAND")
    checking = below.add_parser("check", help="Report every fault in the settings.")
    checking.set_defaults(command=check_settings)
    showing = below.add_parser("show", help="Print settings and where each comes from; secrets are not shown.")
    showing.add_argument("--effective", action="store_true", help="Defaults too, not only what was set.")
    showing.add_argument("-o", "--output", choices=("table", "json"), default="table", help="How to print.")
    showing.set_defaults(command=show_settings)
    return checking, showing


# Each command imports what it needs alone: `cryptography` takes longer to load than most of them to work.


def _run(options: argparse.Namespace) -> int:
    from sysmon_agent.cli.launch import launch  # noqa: PLC0415 - as said above

    launch(settings(options))
    return 0


def _enroll(options: argparse.Namespace) -> int:
    hide_token(options, options.arguments)
    from sysmon_agent.cli.enroll import enroll  # noqa: PLC0415 - as said above

    return enroll(options)


def _renew(options: argparse.Namespace) -> int:
    from sysmon_agent.cli.renew import renew  # noqa: PLC0415 - as said above

    return renew(options)


def _discover(options: argparse.Namespace) -> int:
    from sysmon_agent.cli.discover import discover  # noqa: PLC0415 - as said above

    return discover(options)


def _check(options: argparse.Namespace) -> int:
    from sysmon_agent.cli.check import check  # noqa: PLC0415 - as said above

    return check(settings(options), os.environ, print)


def _once(options: argparse.Namespace) -> int:
    from sysmon_agent.cli.once import once  # noqa: PLC0415 - as said above

    return once(settings(options), options.output, names_only=options.list)


def _version(_options: argparse.Namespace) -> int:
    print(f"sysmon-agent {__version__}")
    return 0
