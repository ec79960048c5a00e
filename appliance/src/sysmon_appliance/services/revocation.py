"""Shutting out: a host, the key of a certificate, or all that an intermediate has signed.

It takes effect at the next request of whoever is shut out, on connections that are open too. All of it runs on the
event loop.
"""

import logging
from dataclasses import replace

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.identities import Certificate, Identity, RevokeCertificates, RevokeIssuer, SaveIdentity
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)


class Revocation:
    """Takes back what was certified."""

    def __init__(self, identities: Identities, barrier: Barrier, clock: Clock) -> None:
        self._identities = identities
        self._barrier = barrier
        self._clock = clock

    async def revoke(self, serial: str, reason: str, principal: Principal) -> Certificate:
        """Shut out the key of a certificate, and with it every certificate that its host has.

        Raises
        ------
        NotFoundError
            No such certificate is on record.
        """
        certificate = self._identities.on_record(serial)
        if not certificate.revoked_ms:
            identity = self._identities.judged(certificate.host_id)
            assert identity is not None  # noqa: S101 - none is issued without one, and none ever goes
            await self._shut_out(identity, reason, principal, action="certificate.revoke", target=serial)
        return self._identities.on_record(serial)

    async def revoke_host(self, host_id: str, name: str, reason: str, principal: Principal) -> Identity:
        """Shut out a host: none of its certificates counts any more, and none can be renewed."""
        identity = self._identities.judged(host_id) or Identity(host_id, name, "", (), self._clock.wall_ms())
        if not identity.revoked_ms:
            identity = await self._shut_out(identity, reason, principal, action="host.revoke", target=host_id)
        return identity

    async def revoke_issuer(self, name: str, reason: str, principal: Principal) -> None:
        """Shut out every host whose certificate this intermediate has signed."""
        if self._identities.revoked_issuers.judged(name):
            return
        now_ms = self._clock.wall_ms()
        entry = audited(principal, "issuer.revoke", name, now_ms=now_ms, after={"reason": reason})
        settle = self._identities.revoked_issuers.accept(name, value=True)
        await commit(self._barrier, (RevokeIssuer(name, now_ms, reason), entry), settle)
        _log.warning("An intermediate was revoked.", extra={"issuer": name})

    async def _shut_out(
        self, identity: Identity, reason: str, principal: Principal, *, action: str, target: str
    ) -> Identity:
        now_ms = self._clock.wall_ms()
        host_id = identity.host_id
        shut_out = replace(identity, public_key="", revoked_ms=now_ms, reason=reason)
        after = {"host_id": host_id, "name": identity.name, "reason": reason}
        await commit(
            self._barrier,
            (
                SaveIdentity(shut_out),
                RevokeCertificates(host_id, now_ms, reason),
                audited(principal, action, target, now_ms=now_ms, after=after),
            ),
            self._identities.settling.accept(host_id, shut_out),
            self._identities.revoking(host_id, revoked_ms=now_ms, reason=reason),
        )
        _log.warning("A host was shut out.", extra={"host_id": host_id})
        return shut_out
