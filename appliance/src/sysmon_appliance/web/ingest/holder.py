"""Who holds a connection: read from its certificate once, checked at every request."""

import re
import ssl
from asyncio import Transport
from dataclasses import dataclass

from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import AGENT, Peer, peer_of
from sysmon_appliance.errors import BadIdentityError

_HOST_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Holder:
    """The agent at the other end. A connection may outlive the certificate that opened it."""

    peer: Peer
    expires_ms: int

    def check(self, now_ms: int) -> None:
        """Refuse a certificate that has expired since.

        Raises
        ------
        BadIdentityError
            It has.
        """
        if now_ms >= self.expires_ms:
            raise BadIdentityError("The certificate has expired.", hint="sysmon-agent check")


def holder_of(transport: Transport) -> Holder:
    """Read the certificate that TLS has verified.

    Raises
    ------
    BadIdentityError
        It is not an agent's.
    """
    certificate = transport.get_extra_info("peercert")
    try:
        peer = peer_of(certificate)
    except IdentityError as error:
        raise BadIdentityError(error.message, hint=error.hint) from error
    if peer.role != AGENT or not _HOST_ID.fullmatch(peer.id):
        raise BadIdentityError(f"The certificate of {peer.uri} is not an agent's.", hint="sysmon-agent check")
    return Holder(peer, 1000 * int(ssl.cert_time_to_seconds(certificate["notAfter"])))
