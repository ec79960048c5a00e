"""What those who run the aggregator ask: is it alive, is it ready, what does it count, what is it."""

import msgspec
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from sysmon_agent.wire.messages import PROTOCOL_VERSION
from sysmon_appliance import __version__
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.readiness import Readiness, of_role, of_storage


class Version(msgspec.Struct, frozen=True):
    version: str
    protocol: int
    epoch: int


async def healthz(_: Call) -> Response:
    return PlainTextResponse("ok\n")


async def readyz(call: Call) -> Response:
    stored = await run_in_threadpool(call.side.health.state)
    region = call.steering.topology.state()
    found = Readiness.of(*of_storage(stored, call.side.clock.wall_ms()), *of_role(region))
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
