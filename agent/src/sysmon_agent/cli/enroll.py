"""`sysmon-agent enroll`: from a token to an identity, with what people see of it."""

import argparse
import json
import os
import socket
import sys
from pathlib import Path
from threading import Event

from sysmon_agent import identity
from sysmon_agent.cli.settings import reading, settings_file
from sysmon_agent.cli.tokens import token_from
from sysmon_agent.clock import SystemClock
from sysmon_agent.config.reader import Reading
from sysmon_agent.config.sealing import seal_key
from sysmon_agent.config.values import AgentSettings
from sysmon_agent.enrolment.asking import Grant, Waiting
from sysmon_agent.enrolment.dialling import Dialling
from sysmon_agent.enrolment.enrolling import Enrolling, Wait, Wish, check_not_enrolled
from sysmon_agent.enrolment.files import replace_file, unwritable
from sysmon_agent.enrolment.renewing import waiting_error

ADDRESSES_FILE = "agent-enrolment.yaml"
"""In conf.d; an aggregator of the same host passes over names that begin with `agent-`."""


def enroll(options: argparse.Namespace) -> int:
    """Enrol this host, and say what to do next."""
    found = reading(options)
    settings = found.settings
    password = identity.passphrase(settings.tls, seal_key(os.environ))
    identity.finish_replacement(settings.tls, password)
    if not options.force:
        check_not_enrolled(settings.tls)
    token = token_from(options)
    clock = SystemClock()
    grant = Enrolling(
        token,
        Wish(options.name or settings.name or socket.gethostname(), options.replace),
        settings.tls,
        password=password,
        dialling=Dialling(clock, settings.uplink.timeout_seconds),
        clock=clock,
    ).run(_patience() if options.wait else _impatience)
    addresses = tuple(dict.fromkeys((*grant.aggregators, *token.addresses)))
    written = _remember(addresses, settings_file(options), found)
    print("\n".join(_report(grant, settings, addresses, written)))
    print(f"Next: sysmon-agent run{f' --config {options.config}' if options.config else ''}")
    return 0


def _patience() -> Wait:
    """Wait for whoever approves, and say so once."""
    seen: set[str] = set()
    never = Event()

    def wait(waiting: Waiting) -> None:
        error = waiting_error(waiting)
        if error.message not in seen:
            seen.add(error.message)
            print(f"{error.message} Ctrl-C ends the waiting, not the request.", file=sys.stderr)
            if error.hint:
                print(f"hint: {error.hint}", file=sys.stderr)
        never.wait(waiting.retry_after)

    return wait


def _impatience(waiting: Waiting) -> None:
    raise waiting_error(waiting)


def _remember(addresses: tuple[str, ...], config: Path, found: Reading[AgentSettings]) -> Path | None:
    """Write the addresses beside the settings file, unless the operator has set some; return where."""
    file = config.parent / "conf.d" / ADDRESSES_FILE
    (row,) = (row for row in found.rows if row.key == "aggregators")
    if row.is_set and not row.source.startswith(f"{file}:"):
        return None
    lines = [f"  - {json.dumps(address)}\n" for address in addresses]
    try:
        replace_file(file, f"# Written by `sysmon-agent enroll`.\naggregators:\n{''.join(lines)}", folder_mode=0o755)
    except OSError as error:
        raise unwritable(error) from error
    return file


def _report(grant: Grant, settings: AgentSettings, addresses: tuple[str, ...], written: Path | None) -> list[str]:
    used = addresses if written else settings.aggregators
    return [
        f"This host is enrolled as {grant.host_id}.",
        f"  certificate  {settings.tls.certificate}, valid until {identity.moment(grant.expires_ms)}",
        f"  renewal      by itself, from {identity.moment(grant.renew_at_ms)}",
        f"  aggregators  {', '.join(used)}, " + (f"written to {written}" if written else "as the settings say"),
    ]
