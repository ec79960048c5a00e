"""Who leads the region, how far everything is durable, and what people may order about it."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.services.ha_documents import HandoffChecks, HandoffView, RegionDocument
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.parameters import Parameter


class HandoffWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`to` names who is to lead; empty: whoever is best prepared."""

    to: str = ""


class RecoveryWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`path` names what to lead with, as `blocked.chapters` does; empty: the newest."""

    path: str = ""


async def show(call: Call) -> Response:
    return json_response(RegionDocument.of(call.steering.topology.state()))


async def check_handoff(call: Call) -> Response:
    return json_response(HandoffChecks.of(call.steering.topology.check_handoff(call.given.text("to"))))


async def hand_off(call: Call) -> Response:
    wanted: HandoffWanted = call.body
    return json_response(HandoffView.of(await call.steering.hand_off(call.principal, wanted.to)), status=202)


async def adopt(call: Call) -> Response:
    await call.steering.adopt(call.principal)
    return json_response(RegionDocument.of(call.steering.topology.state()), status=202)


async def recover(call: Call) -> Response:
    wanted: RecoveryWanted = call.body
    await call.steering.recover(call.principal, wanted.path)
    return json_response(RegionDocument.of(call.steering.topology.state()), status=202)


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/ha",
        "Who leads, how far everything is durable, and how far behind the standbys are, as this aggregator knows it.",
        show,
        RegionDocument,
    ),
    ApiRoute(
        "GET",
        "/api/v1/ha/handoff",
        "Whether the lead could be handed over now, with reasons.",
        check_handoff,
        HandoffChecks,
        (Parameter("to", "Who is to lead. Default: whoever is best prepared."),),
    ),
    ApiRoute(
        "POST",
        "/api/v1/ha/handoff",
        "Hand the lead to a standby. It prepares itself first; `handoff` of /api/v1/ha is null again when it leads.",
        hand_off,
        HandoffView,
        body=HandoffWanted,
        status=202,
        problems=("conflict", "coordinator_unreachable"),
    ),
    ApiRoute(
        "POST",
        "/api/v1/ha/adopt",
        "Begin a region of several aggregators with the database of this machine.",
        adopt,
        RegionDocument,
        status=202,
        problems=("conflict", "coordinator_unreachable", "replica_unreachable", "store_unreachable"),
    ),
    ApiRoute(
        "POST",
        "/api/v1/ha/recover",
        "Lead with a path of the replica after Consul has lost its data.",
        recover,
        RegionDocument,
        body=RecoveryWanted,
        status=202,
        problems=(
            "conflict",
            "not_found",
            "coordinator_unreachable",
            "replica_broken",
            "replica_unreachable",
            "store_unreachable",
        ),
    ),
)
