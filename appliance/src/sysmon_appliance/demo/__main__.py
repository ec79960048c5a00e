"""Run simulated hosts: `python -m sysmon_appliance.demo FILE`, where FILE is JSON as `Plan` describes it."""

import asyncio
import json
import secrets
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import uvloop

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.addresses import Address, parse_address
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.logs import set_up_logging
from sysmon_appliance import __version__
from sysmon_appliance.demo.fleet import characters
from sysmon_appliance.demo.host import SimulatedHost, Surroundings
from sysmon_appliance.demo.membership import Membership, Office, Papers
from sysmon_appliance.demo.recording import load
from sysmon_appliance.demo.runner import Member, run

MAX_AT_ONCE = 16
"""Hosts that ask for a certificate at one time; an aggregator lets few strangers from one address wait."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to push to, how often, and as whom: one host for each identity.

    As JSON: {"aggregator": "127.0.0.1:7443", "authority": "ca.pem", "interval_seconds": 2,
    "hosts": [{"certificate": "a.pem", "key": "a-key.pem", "token": ""}, …]}, with a token for each host whose
    certificate is still to be asked for, or cannot be renewed.
    """

    aggregator: Address
    interval_seconds: float
    hosts: tuple[Papers, ...]

    @classmethod
    def of(cls, document: Any) -> Self:
        authority = document["authority"]
        hosts = tuple(
            Papers(TlsSettings(one["certificate"], one["key"], authority=authority), one["token"])
            for one in document["hosts"]
        )
        return cls(parse_address(document["aggregator"]), float(document["interval_seconds"]), hosts)


def members(plan: Plan) -> list[Member]:
    """Cast the hosts, and give each its way to the aggregator."""
    around = Surroundings(
        signals=load(),
        clock=SystemClock(),
        identifier=lambda: secrets.token_bytes(16),
        interval_ms=round(plan.interval_seconds * 1000),
        version=__version__,
    )
    office = Office(plan.aggregator, asyncio.Semaphore(MAX_AT_ONCE))
    return [
        Member(SimulatedHost(character, around), Membership(character.name, papers, office, around.clock))
        for character, papers in zip(characters(len(plan.hosts)), plan.hosts, strict=True)
    ]


async def simulate(plan: Plan) -> None:
    """Simulate until SIGTERM or SIGINT."""
    hosts = asyncio.create_task(run(members(plan), interval_seconds=plan.interval_seconds))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, hosts.cancel)
    with suppress(asyncio.CancelledError):
        await hosts


def main(arguments: Sequence[str] = sys.argv[1:]) -> None:
    (file,) = arguments
    set_up_logging("info")
    uvloop.run(simulate(Plan.of(json.loads(Path(file).read_bytes()))))


if __name__ == "__main__":
    main()
