"""Hosts: list, show, compare."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.services.hosts import Comparison, HostDetail, HostView
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.parameters import Parameter
from sysmon_appliance.web.console.routes.fleet import SELECTION, host_query

MAX_COMPARED = 20


class HostPage(msgspec.Struct, frozen=True):
    hosts: list[HostView]
    next: str | None


async def list_hosts(call: Call) -> Response:
    hosts, following = call.side.hosts.select(host_query(call.given))
    return json_response(HostPage([call.side.hosts.describe(host) for host in hosts], following))


async def show(call: Call) -> Response:
    host = call.side.hosts.find(call.request.path_params["id"])
    return json_response(call.side.hosts.detail(host))


async def compare(call: Call) -> Response:
    hosts = [call.side.hosts.find(wanted) for wanted in call.given.all("host")]
    return json_response(call.side.hosts.compare(hosts, call.given.all("metric")))


ROUTES = (
    ApiRoute("GET", "/api/v1/hosts", "Hosts with what is known of them.", list_hosts, HostPage, SELECTION),
    # Before the route of one host, which would take "compare" for a name.
    ApiRoute(
        "GET",
        "/api/v1/hosts/compare",
        "Newest values of hosts side by side, and how they differ from the first host's.",
        compare,
        Comparison,
        (
            Parameter("host", "A host's id, the beginning of it, or its name.", required=True, most=MAX_COMPARED),
            Parameter("metric", "A canonical or OpenTelemetry name. Default: the canonical metrics.", most=50),
        ),
        problems=("not_found",),
    ),
    ApiRoute(
        "GET",
        "/api/v1/hosts/{id}",
        "One host with every series' newest value and its streams; the id may be shortened, or be the name.",
        show,
        HostDetail,
        problems=("not_found",),
    ),
)
