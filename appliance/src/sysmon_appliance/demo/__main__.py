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
from sysmon_appliance.demo.client import tls_context
from sysmon_appliance.demo.fleet import characters
from sysmon_appliance.demo.host import SimulatedHost, Surroundings
from sysmon_appliance.demo.recording import load
from sysmon_appliance.demo.runner import Member, connector, run


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to push to, how often, and as whom: one host for each identity.

    As JSON: {"aggregator": "127.0.0.1:7443", "interval_seconds": 2,
    "hosts": [{"certificate": "a.pem", "key": "a-key.pem", "authority": "ca.pem"}, …]}
    """

    aggregator: Address
    interval_seconds: float
    hosts: tuple[TlsSettings, ...]

    @classmethod
    def of(cls, document: Any) -> Self:
        hosts = tuple(TlsSettings(one["certificate"], one["key"], one["authority"]) for one in document["hosts"])
        return cls(parse_address(document["aggregator"]), float(document["interval_seconds"]), hosts)


def members(plan: Plan) -> list[Member]:
    """Cast the hosts and give each its certificate."""
    around = Surroundings(
        signals=load(),
        clock=SystemClock(),
        identifier=lambda: secrets.token_bytes(16),
        interval_ms=round(plan.interval_seconds * 1000),
        version=__version__,
    )
    return [
        Member(
            SimulatedHost(character, around),
            connector(
                plan.aggregator.host,
                plan.aggregator.port,
                tls_context(tls),
            ),
        )
        for character, tls in zip(characters(len(plan.hosts)), plan.hosts, strict=True)
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
