"""What the certificate of each role says."""

from dataclasses import dataclass
from datetime import timedelta

from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from sysmon_agent.wire.peer import AGENT, AGGREGATOR


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules for one role's certificates."""

    role: str  # as the certificate's URI names it
    life: timedelta
    usage: ObjectIdentifier  # an agent's certificate opens no server, and an aggregator's is no client
    loopback: bool  # whether the names of the local machine are in it, for tools that check host names

    @property
    def renew_before(self) -> timedelta:
        """Time before the end at which a new one is made."""
        return self.life / 3


AUTHORITY_LIFE = timedelta(days=3650)
BACKDATED = timedelta(days=1)
"""How far the beginning lies back, so that a clock that is a little behind still accepts it."""

AGGREGATOR_PROFILE = Profile(AGGREGATOR, timedelta(days=825), ExtendedKeyUsageOID.SERVER_AUTH, loopback=True)
AGENT_PROFILE = Profile(AGENT, timedelta(days=825), ExtendedKeyUsageOID.CLIENT_AUTH, loopback=False)
