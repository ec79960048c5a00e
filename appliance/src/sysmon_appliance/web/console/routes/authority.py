"""The roots that this region trusts, for programs that meet an aggregator for the first time."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.web.console.api import ApiRoute, Call, json_response


class RootsView(msgspec.Struct, frozen=True):
    """`authority` is PEM, the newest root first; whoever asks compares its fingerprint with one from elsewhere."""

    authority: str


async def show(call: Call) -> Response:
    return json_response(RootsView(call.control.identity.certificates.issuer.authority))


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/authority",
        "The roots that this region trusts; needs no session.",
        show,
        RootsView,
        problems=("no_issuer",),
    ),
)
