"""The console's address, as whoever asks knows it."""

from starlette.requests import HTTPConnection

from sysmon_appliance.domain.principals import Kind, Principal
from sysmon_appliance.web.peer_wire import forwarded_of


def console_url(connection: HTTPConnection, configured: str, *, is_named: bool) -> str:
    """Return the address as it was configured, else as whoever asks calls it themselves.

    Parameters
    ----------
    configured
        From the settings: the console's name, or where it listens.
    is_named
        Whether it is a name.
    """
    forwarded = forwarded_of(connection.scope)
    if forwarded is not None:
        return forwarded.base_url
    principal: Principal | None = connection.scope.get("state", {}).get("principal")
    host = connection.headers.get("host", "")
    if is_named or not host or (principal is not None and principal.kind is Kind.SOCKET):
        return configured
    return f"{connection.scope['scheme']}://{host}"
