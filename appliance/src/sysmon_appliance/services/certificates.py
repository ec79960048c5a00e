"""What becomes of agents' certificates: issued, renewed, revoked, and asked about at every request.

All of it runs on the event loop. Signing does too: it takes less than half a millisecond, checks included, and a thread
would take longer beside a busy loop. Whether a certificate counts is answered from memory, for every push asks.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sysmon_agent.clock import Clock
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_appliance.config import EnrolmentSettings
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.certificates import Issuer, Presented
from sysmon_appliance.domain.identities import (
    Certificate,
    Identity,
    SaveCertificate,
    SaveIdentity,
)
from sysmon_appliance.domain.times import shown
from sysmon_appliance.errors import (
    BadCsrError,
    BadIdentityError,
    ExpiredCertificateError,
    NoIssuerError,
    RateLimitedError,
    RevokedCertificateError,
)
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.settling import commit

MAX_OF_KEY = 64
"""Certificates of one key that may be unexpired at one time; renewing at two thirds of a life takes two.

Those of a key that was replaced do not count: whoever stole it could else keep the host out with it.
"""

_ENROL_AGAIN = "sysmon token create --replace HOST"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Granted:
    """What an agent gets: its certificate, whom to trust, and where to go."""

    certificate: Certificate
    chain: str  # PEM: its own and the intermediate's
    authority: str  # PEM
    addresses: Sequence[str]
    now_ms: int  # the aggregator's clock


class Certificates:
    """The certificates of a region's agents.

    Parameters
    ----------
    issuer
        Whoever signs here; None where nobody does.
    addresses
        Returns where agents find this region's aggregators, as HOST:PORT.
    """

    def __init__(
        self,
        identities: Identities,
        barrier: Barrier,
        clock: Clock,
        *,
        region: str,
        issuer: Issuer | None,
        settings: EnrolmentSettings,
        addresses: Callable[[], Sequence[str]],
    ) -> None:
        self.identities = identities
        self.region = region
        self._addresses = addresses
        self._barrier = barrier
        self._clock = clock
        self._issuer = issuer
        self._life_seconds = settings.certificate_seconds
        self._grace_ms = 1000 * settings.renew_after_expiry_seconds

    @property
    def addresses(self) -> Sequence[str]:
        """Where agents find this region's aggregators at this moment."""
        return self._addresses()

    @property
    def issuer(self) -> Issuer:
        """Whoever signs here.

        Raises
        ------
        NoIssuerError
            Nobody does, or whoever did was revoked.
        """
        issuer = self._issuer
        if issuer is None or self.identities.revoked_issuers.judged(issuer.name):
            raise NoIssuerError("There is no intermediate here to sign with.", hint="sysmon-aggregator pki request")
        return issuer

    def check(self, holder: Presented, now_ms: int) -> None:
        """Let pass whoever holds a certificate that counts at this moment.

        Raises
        ------
        RevokedCertificateError, ExpiredCertificateError
            It does not.
        """
        identities = self.identities
        identity = identities.settling.lasting.get(holder.peer.id)
        if identity is not None and identity.public_key != holder.public_key:
            raise _revoked(identity)
        if holder.issuer in identities.revoked_issuers.lasting:
            raise _revoked(None)
        if now_ms >= holder.expires_ms:
            raise _expired(holder, now_ms)

    def wants_renewal(self, holder: Presented) -> bool:
        """Whether the agent is to be asked to renew its certificate."""
        before_ms = self.identities.renew_before_ms
        if not before_ms:
            return False
        certificate = self.identities.certificate(holder.serial)
        return certificate is None or certificate.issued_ms < before_ms

    async def renew_expired(self, chain: bytes, request: bytes) -> Granted:
        """Issue the next certificate to whoever has the key of one that may have expired.

        Raises
        ------
        BadIdentityError
            The chain leads to no root of ours.
        BadCsrError, RevokedCertificateError, ExpiredCertificateError, NoIssuerError, RateLimitedError
            As `renew` does.
        """
        return await self.renew(self.issuer.presented(chain, request), request)

    async def renew(self, holder: Presented, request: bytes) -> Granted:
        """Issue the next certificate for the key of the last one.

        Raises
        ------
        BadCsrError
            The request is of another key, or not acceptable.
        BadIdentityError, RevokedCertificateError, ExpiredCertificateError
            The certificate is of another region, was revoked, or expired too long ago.
        NoIssuerError, RateLimitedError
            Not now.
        """
        if self.issuer.public_key(request) != holder.public_key:
            raise BadCsrError("A renewal keeps the certificate's key, and this request has another.", hint=_ENROL_AGAIN)
        self._check_renewable(holder)
        identity = self.identities.judged(holder.peer.id) or self._first_seen(holder)
        granted = await self.issue(request, identity)
        self._check_issuer(holder)
        _log.info("A certificate was renewed.", extra={"host_id": identity.host_id})
        return granted

    async def issue(self, request: bytes, identity: Identity) -> Granted:
        """Issue a certificate to a host that is let in.

        Raises
        ------
        BadCsrError, NoIssuerError, RateLimitedError
            As `sign` does.
        RevokedCertificateError
            The host was shut out meanwhile: then nobody gets this certificate.
        """
        granted = self.sign(request, identity)
        await commit(
            self._barrier,
            (SaveIdentity(identity), SaveCertificate(granted.certificate)),
            self.identities.settling.accept(identity.host_id, identity),
            self.identities.keeping(granted.certificate),
        )
        self.check_key(identity.host_id, identity.public_key)
        return granted

    def check_key(self, host_id: str, public_key: str) -> None:
        """Let pass the key that speaks for a host, as far as was decided yet, durable or not.

        Raises
        ------
        RevokedCertificateError
            It does not speak for the host any more.
        """
        identity = self.identities.judged(host_id)
        if identity is not None and identity.public_key != public_key:
            raise _revoked(identity)

    def sign(self, request: bytes, identity: Identity) -> Granted:
        """Make a certificate for a host; it counts for nothing here before it is kept.

        Raises
        ------
        BadCsrError, NoIssuerError
            As the issuer says.
        RateLimitedError
            The key has more of them than any agent needs.
        """
        issuer, now_ms = self.issuer, self._clock.wall_ms()
        of_key = [one for one in self.identities.of_host(identity.host_id) if one.public_key == identity.public_key]
        if sum(now_ms < one.expires_ms for one in of_key) >= MAX_OF_KEY:
            raise RateLimitedError("This host has renewed its certificate too often.", hint="sysmon certs list")
        peer = Peer(self.region, AGENT, identity.host_id)
        issued = issuer.sign(request, peer, life_seconds=self._life_seconds)
        certificate = Certificate(
            serial=issued.serial,
            role=AGENT,
            host_id=identity.host_id,
            name=identity.name,
            issuer=issuer.name,
            public_key=issued.public_key,
            root=issuer.fingerprints[0],
            issued_ms=issued.issued_ms,
            expires_ms=issued.expires_ms,
        )
        return Granted(certificate, issued.chain, issuer.authority, self.addresses, now_ms)

    def _first_seen(self, holder: Presented) -> Identity:
        """Put a host on record that was certified without having been enrolled here."""
        host_id = holder.peer.id
        return Identity(host_id, host_id[:8], holder.public_key, (), self._clock.wall_ms())

    def _check_renewable(self, holder: Presented) -> None:
        now_ms = self._clock.wall_ms()
        if holder.peer.region != self.region:
            raise BadIdentityError(
                f"The certificate is of region {holder.peer.region!r}, and this is {self.region!r}.",
                hint="sysmon-agent check",
            )
        self.check_key(holder.peer.id, holder.public_key)
        self._check_issuer(holder)
        if now_ms >= holder.expires_ms + self._grace_ms:
            raise _expired(holder, now_ms, hint=_ENROL_AGAIN)

    def _check_issuer(self, holder: Presented) -> None:
        if self.identities.revoked_issuers.judged(holder.issuer):
            raise _revoked(None)


def _revoked(identity: Identity | None) -> RevokedCertificateError:
    """Say why a certificate does not count; without an identity it is the intermediate's fault."""
    if identity is None:
        message = "The intermediate that signed this certificate was revoked."
    elif identity.revoked_ms:
        message = f"The certificates of this host were revoked at {shown(identity.revoked_ms)}."
    else:
        message = "Another key was enrolled for this host since this certificate was issued."
    return RevokedCertificateError(message, hint=_ENROL_AGAIN)


def _expired(holder: Presented, now_ms: int, *, hint: str = "sysmon-agent renew") -> ExpiredCertificateError:
    return ExpiredCertificateError(
        f"The certificate expired at {shown(holder.expires_ms)}; the aggregator's clock shows {shown(now_ms)}.",
        hint=hint,
    )
