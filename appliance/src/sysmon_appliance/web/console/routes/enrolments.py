"""Hosts that ask to be let in."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.domain.enrolment import JoinRequest, Reason, RequestState
from sysmon_appliance.services.hosts import HostName
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.parameters import Parameter


class EnrolmentView(msgspec.Struct, frozen=True):
    """A request to join.

    `replaces` is the host whose place it wants to take, or of which it is a copy; then `token` is empty. `host` is what
    it has become once it was let in.
    """

    id: str
    name: str
    address: str
    requested: int
    reason: Reason
    replaces: HostName | None
    token: str
    labels: dict[str, str]
    public_key: str
    state: RequestState
    host: HostName | None


class EnrolmentList(msgspec.Struct, frozen=True):
    enrolments: list[EnrolmentView]


async def list_enrolments(call: Call) -> Response:
    state = call.given.optional("state")
    requests = call.control.identity.requests.all(RequestState(state) if state else None)
    return json_response(EnrolmentList([_view(call, request) for request in requests]))


async def approve(call: Call) -> Response:
    approved = await call.control.identity.requests.approve(call.request.path_params["id"], call.principal)
    return json_response(_view(call, approved))


async def reject(call: Call) -> Response:
    rejected = await call.control.identity.requests.reject(call.request.path_params["id"], call.principal)
    return json_response(_view(call, rejected))


def _view(call: Call, request: JoinRequest) -> EnrolmentView:
    hosts = call.control.identity.hosts
    return EnrolmentView(
        id=request.id,
        name=request.name,
        address=request.address,
        requested=request.requested_ms,
        reason=request.reason,
        replaces=hosts.named(request.about),
        token=request.token,
        labels=dict(request.labels),
        public_key=request.public_key,
        state=request.state,
        host=hosts.named(request.host_id),
    )


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/enrolments",
        "Requests to join, the oldest first.",
        list_enrolments,
        EnrolmentList,
        (Parameter("state", "Only those of this state.", choices=tuple(RequestState)),),
    ),
    ApiRoute(
        "POST",
        "/api/v1/enrolments/{id}/approve",
        "Let a waiting host in when it asks next.",
        approve,
        EnrolmentView,
        problems=("not_found", "conflict"),
    ),
    ApiRoute(
        "POST",
        "/api/v1/enrolments/{id}/reject",
        "Turn a host away that waits, or was approved and has not come back yet.",
        reject,
        EnrolmentView,
        problems=("not_found", "conflict"),
    ),
)
