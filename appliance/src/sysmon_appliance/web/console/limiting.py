"""Which limit a request to the console counts against."""

from collections.abc import Callable

from starlette.types import Scope

from sysmon_appliance.domain.limits import Allowance
from sysmon_appliance.domain.principals import Kind, Principal
from sysmon_appliance.services.limits import RequestLimits
from sysmon_appliance.web.limits import client_address

_BECOMING_SOMEBODY = ("/api/v1/invitations/", "/link/")


def judge_of(limits: RequestLimits) -> Callable[[Scope], Allowance | None]:
    """Make the judge of requests to the console.

    Commands on this machine meet no limit, and nor does what needs no thought: pages, their files and probes.
    """

    def judge(scope: Scope) -> Allowance | None:
        principal: Principal | None = scope.get("state", {}).get("principal")
        if principal is not None and principal.kind is Kind.SOCKET:
            return None
        if _is_sign_in(scope["method"], scope["path"]):
            return limits.sign_in(client_address(scope))
        return limits.request(principal, client_address(scope)) if scope["path"].startswith("/api/") else None

    return judge


def _is_sign_in(method: str, path: str) -> bool:
    """Whether a request tries a password, or a secret that stands for one."""
    return (
        path.startswith(_BECOMING_SOMEBODY)
        or (method, path) == ("POST", "/api/v1/session")
        or (method, path) == ("PUT", "/api/v1/password")
    )
