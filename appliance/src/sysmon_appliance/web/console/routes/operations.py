"""What those who run the aggregator ask: is it alive, is it ready, what does it count, what is it."""

import msgspec
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from sysmon_agent.wire.messages import PROTOCOL_VERSION
from sysmon_appliance import __version__
from sysmon_appliance.domain.health import StorageState
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response

MIN_FREE_BYTES = 64 << 20
"""Less room than this, and the next commits may fail."""


class Check(msgspec.Struct, frozen=True):
    name: str
    ok: bool
    detail: str


class Readiness(msgspec.Struct, frozen=True):
    ready: bool
    checks: list[Check]


class Version(msgspec.Struct, frozen=True):
    version: str
    protocol: int
    epoch: int


def readiness(state: StorageState, now_ms: int) -> Readiness:
    """Judge whether agents and people can be served."""
    age = "No commit yet." if state.last_commit_ms is None else f"{(now_ms - state.last_commit_ms) / 1000:.1f} s ago."
    room = state.free_bytes >= MIN_FREE_BYTES
    checks = [
        Check("database", state.writable, state.detail or "Writable."),
        Check("disk", room, f"{state.free_bytes >> 20} MiB free; {MIN_FREE_BYTES >> 20} MiB are needed."),
        Check("last_commit", ok=True, detail=age),
    ]
    return Readiness(all(check.ok for check in checks), checks)


async def healthz(_: Call) -> Response:
    return PlainTextResponse("ok\n")


async def readyz(call: Call) -> Response:
    found = readiness(await run_in_threadpool(call.side.health.state), call.side.clock.wall_ms())
    return json_response(found, status=200 if found.ready else 503)


async def version(call: Call) -> Response:
    return json_response(Version(__version__, PROTOCOL_VERSION, call.side.epoch()))


async def metrics(call: Call) -> Response:
    text = await call.telemetry.exposition()
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


ROUTES = (
    ApiRoute("GET", "/healthz", "Answers as long as the process lives; needs no session.", healthz, "text/plain"),
    ApiRoute(
        "GET",
        "/readyz",
        "Whether the aggregator can serve, with reasons; 503 when it cannot. Needs no session.",
        readyz,
        Readiness,
        also=503,
    ),
    ApiRoute(
        "GET", "/metrics", "The aggregator's own metrics for Prometheus; needs no session.", metrics, "text/plain"
    ),
    ApiRoute("GET", "/version", "Versions of program and protocol, and the epoch; needs no session.", version, Version),
)
