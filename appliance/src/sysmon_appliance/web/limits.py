"""Limits as listeners apply them, as answers show them, and as Prometheus hears of them."""

import math
from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysmon_appliance.config import IngestSettings, LimitSettings
from sysmon_appliance.domain.limits import Allowance
from sysmon_appliance.errors import TooManyRequestsError
from sysmon_appliance.web.gate import Gate, GateLimits, share_of_strangers
from sysmon_appliance.web.problems import problem_response

_BROWSERS = 2000
"""Connections to the console; nobody there shows a certificate."""


def ingest_gate(ingest: IngestSettings, limits: LimitSettings) -> Gate:
    """Make the gate of the listener of agents."""
    return Gate(
        GateLimits(
            connections=ingest.max_connections,
            strangers=min(limits.strangers, share_of_strangers(ingest.max_connections)),
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


class LimitRequests:
    """Refuses requests beyond a limit with 429, and says on every answer what is left; a middleware.

    The fields are those of draft-ietf-httpapi-ratelimit-headers-10. `judge` counts a request by its scope, and returns
    None where no limit applies.
    """

    def __init__(self, app: ASGIApp, judge: Callable[[Scope], Allowance | None]) -> None:
        self._app = app
        self._judge = judge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowance = self._judge(scope) if scope["type"] == "http" else None
        if allowance is None:
            await self._app(scope, receive, send)
            return
        fields = rate_limit_fields(allowance)

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(fields)
            await send(message)

        await (self._app if allowance.allowed else refusal(allowance))(scope, receive, adding)


def refusal(allowance: Allowance) -> ASGIApp:
    """Answer who has met a limit."""
    policy = allowance.policy
    message = f"There were {policy.quota} requests in {policy.window_seconds} s, and no more are allowed."
    return problem_response(TooManyRequestsError(message, allowance.wait_seconds))


def rate_limit_fields(allowance: Allowance) -> dict[str, str]:
    """Say which policy applies, and what of it is left for how long."""
    policy = allowance.policy
    return {
        "ratelimit-policy": f'"{policy.name}";q={policy.quota};w={policy.window_seconds}',
        "ratelimit": f'"{policy.name}";r={allowance.remaining};t={math.ceil(allowance.reset_seconds)}',
    }


def client_address(scope: Scope) -> str:
    """Return the address that a request came from; empty over the Unix socket."""
    client = scope.get("client")
    return client[0] if client else ""


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
