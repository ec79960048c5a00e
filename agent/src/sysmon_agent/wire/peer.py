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

    Regions share a root, and an intermediate may speak for its own region alone: its name has that as organisation.

    Raises
    ------
    IdentityError
        There is no certificate, its URI names no identity of ours, or another region has signed it.
    """
    names: tuple[tuple[str, str], ...] = (certificate or {}).get("subjectAltName", ())
    for kind, value in names:
        if kind == "URI" and value.startswith(_PREFIX):
            region, _, rest = value.removeprefix(_PREFIX).partition("/")
            role, _, name = rest.partition("/")
            if region and name and role in ROLES:
                _check_issuer((certificate or {}).get("issuer", ()), region)
                return Peer(region, role, name)
    raise IdentityError("The certificate of the other side names no SysMonitor identity.", hint="sysmon-agent check")


def serial_of(certificate: Mapping[str, Any]) -> str:
    """Return the serial number as aggregators show it: hexadecimal, lower case, without leading zeros."""
    return f"{int(certificate['serialNumber'], 16):x}"


def issuer_of(certificate: Mapping[str, Any]) -> str:
    """Return the common name of whoever signed a certificate."""
    return next((value for part in certificate["issuer"] for key, value in part if key == "commonName"), "")


def _check_issuer(issuer: tuple[tuple[tuple[str, str], ...], ...], region: str) -> None:
    speaks_for = dict(pair for part in issuer for pair in part).get("organizationName", "")
    if speaks_for != region:
        raise IdentityError(
            f"The certificate of the other side is for region {region}, and region {speaks_for or 'none'} signed it.",
            hint="sysmon-agent check",
        )
