"""What the certificate of each role says, as constants.

root                the operator's; its key is on no aggregator
├── intermediate    one for each aggregator, which signs with it what is below
│   ├── agent       client of an aggregator
│   ├── aggregator  server for agents, and client of the aggregator that leads
│   ├── parent      server for the aggregators of other regions
│   └── console     server for browsers and programs
└── intermediate of Consul, which may sign no identity of ours
"""

from dataclasses import dataclass
from datetime import timedelta

from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from sysmon_agent.wire.peer import AGENT, AGGREGATOR, CONSOLE, PARENT


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules for the certificates of one role."""

    role: str  # as the certificate's URI names it
    life: timedelta
    usages: tuple[ObjectIdentifier, ...]  # an agent's certificate opens no server


@dataclass(frozen=True, slots=True)
class AuthorityProfile:
    """The rules for certificates that sign others."""

    life: timedelta
    path_length: int  # how many authorities may follow below it
    identities: bool = True  # whether it may sign what carries an identity of ours


ROOT_PROFILE = AuthorityProfile(timedelta(days=3650), path_length=1)
INTERMEDIATE_PROFILE = AuthorityProfile(timedelta(days=365), path_length=0)
CONSUL_PROFILE = AuthorityProfile(timedelta(days=365), path_length=0, identities=False)
LOCAL_PROFILE = AuthorityProfile(ROOT_PROFILE.life, path_length=0)
"""The intermediate of local mode: its root lies beside it, so a shorter life would protect nothing."""

_CLIENT, _SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH

AGENT_PROFILE = Profile(AGENT, timedelta(hours=48), (_CLIENT,))
AGGREGATOR_PROFILE = Profile(AGGREGATOR, timedelta(days=30), (_SERVER, _CLIENT))
PARENT_PROFILE = Profile(PARENT, timedelta(days=30), (_SERVER,))
CONSOLE_PROFILE = Profile(CONSOLE, timedelta(days=30), (_SERVER,))

BACKDATED = timedelta(days=1)
"""How far the beginning lies before the signing, so that a clock that is behind still accepts it."""
