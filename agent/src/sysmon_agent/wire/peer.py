"""Who the other side is: read from the URI in its certificate, never from a body or a host name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sysmon_agent.errors import IdentityError

AGENT, AGGREGATOR, PARENT, CONSOLE = "agent", "aggregator", "parent", "console"
ROLES = frozenset({AGENT, AGGREGATOR, PARENT, CONSOLE})

IDENTITY_HOST = "sysmon"  # of every URI that names an identity of ours
_PREFIX = f"spiffe://{IDENTITY_HOST}/"


@dataclass(frozen=True, slots=True)
class Peer:
    """An identity as certificates carry it: spiffe://sysmon/REGION/ROLE/ID."""

    region: str
    role: str  # one of ROLES; in an authority's certificate something else
    id: str  # an agent's host_id: 32 hexadecimal digits

    @property
    def uri(self) -> str:
        return f"{_PREFIX}{self.region}/{self.role}/{self.id}"


def peer_of(certificate: Mapping[str, Any] | None) -> Peer:
    """Read the identity out of what `ssl.SSLSocket.getpeercert()` returns.

    Raises
    ------
    IdentityError
        There is no certificate, or its URI names no identity of ours.
    """
    names: tuple[tuple[str, str], ...] = (certificate or {}).get("subjectAltName", ())
    for kind, value in names:
        if kind == "URI" and value.startswith(_PREFIX):
            region, _, rest = value.removeprefix(_PREFIX).partition("/")
            role, _, name = rest.partition("/")
            if region and name and role in ROLES:
                return Peer(region, role, name)
    raise IdentityError("The certificate of the other side names no SysMonitor identity.", hint="sysmon-agent check")
