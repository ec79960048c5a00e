"""Limits of listeners, as the settings give them, and what they tell Prometheus."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from sysmon_appliance.config import IngestSettings, LimitSettings
from sysmon_appliance.web.gate import Gate, GateLimits

_BROWSERS = 2000
"""Connections to the console; nobody there shows a certificate."""


def ingest_gate(ingest: IngestSettings, limits: LimitSettings) -> Gate:
    """Make the gate of the listener of agents."""
    return Gate(
        GateLimits(
            connections=ingest.max_connections,
            strangers=limits.strangers,
            strangers_per_address=limits.strangers_per_address,
            strangers_per_second=limits.handshakes_per_second,
            connections_per_holder=limits.connections_per_host,
        )
    )


def console_gate(limits: LimitSettings) -> Gate:
    """Make the gate of the console where it speaks TLS."""
    return Gate(
        GateLimits(
            connections=_BROWSERS,
            strangers=_BROWSERS,
            strangers_per_address=limits.strangers_per_address,
            strangers_per_second=limits.handshakes_per_second,
            connections_per_holder=limits.connections_per_host,
        )
    )


class Limited(Collector):
    """Counts what was refused by each limit; register it with the aggregator's registry."""

    def __init__(self, *refused: Mapping[str, int]) -> None:
        self._refused = refused

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            "sysmon_requests_limited",
            "Requests, batches and connections that met a limit, by limit.",
            labels=("limit",),
        )
        totals: dict[str, int] = {}
        for counts in self._refused:
            for limit, count in counts.items():
                totals[limit] = totals.get(limit, 0) + count
        for limit, count in sorted(totals.items()):
            family.add_metric((limit,), count)
        yield family
