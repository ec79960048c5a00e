"""Which key speaks for which host, and which certificates were issued: in memory, for every request to ask.

All of it belongs to the event loop.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sysmon_agent.errors import SysmonError
from sysmon_agent.wire.messages import Attributes
from sysmon_appliance.domain.changes import Settle
from sysmon_appliance.domain.enrolment import IdentityState
from sysmon_appliance.domain.identities import Certificate, CertificateState, Identity
from sysmon_appliance.errors import NotFoundError
from sysmon_appliance.services.settling import Settling


class Identities:
    """Identities by host, and the certificates of each in the order in which they were issued."""

    def __init__(self, state: IdentityState) -> None:
        self.settling: Settling[Identity] = Settling({})
        self.revoked_issuers: Settling[bool] = Settling({})
        self.reload(state)

    def reload(self, state: IdentityState) -> None:
        """Know what a state tells, and nothing else."""
        self.settling.lasting = {identity.host_id: identity for identity in state.identities}
        self.revoked_issuers.lasting = dict.fromkeys(state.revoked_issuers, True)
        self.renew_before_ms = state.renew_before_ms
        self._certificates: dict[str, Certificate] = {}
        self._of_host: dict[str, list[str]] = defaultdict(list)
        for certificate in state.certificates:
            self.keep(certificate)

    def find(self, host_id: str) -> Identity | None:
        return self.settling.lasting.get(host_id)

    def all(self) -> Iterable[Identity]:
        return list(self.settling.lasting.values())

    def judged(self, host_id: str) -> Identity | None:
        """Return the identity as it will be when all that was accepted is durable."""
        return self.settling.judged(host_id)

    def labels(self, host_id: str) -> Attributes:
        """Return the labels that the operator vouched for."""
        identity = self.find(host_id)
        return identity.labels if identity is not None else ()

    @property
    def let_in(self) -> int:
        """How many hosts have an identity that was not revoked."""
        return sum(1 for identity in self.settling.all_judged() if not identity.revoked_ms)

    def certificates(self) -> Iterable[Certificate]:
        return self._certificates.values()

    def certificate(self, serial: str) -> Certificate | None:
        return self._certificates.get(serial)

    def on_record(self, serial: str) -> Certificate:
        """Return a certificate by its serial number.

        Raises
        ------
        NotFoundError
            None with it is on record.
        """
        certificate = self._certificates.get(serial)
        if certificate is None:
            raise NotFoundError(f"There is no certificate {serial!r} on record.", hint="sysmon certs list")
        return certificate

    def of_host(self, host_id: str) -> Sequence[Certificate]:
        return [self._certificates[serial] for serial in self._of_host.get(host_id, ())]

    def current(self) -> Iterable[Certificate]:
        """Yield the newest certificate of each host."""
        for serials in self._of_host.values():
            yield self._certificates[serials[-1]]

    def state(self, certificate: Certificate, now_ms: int) -> CertificateState:
        """Say what has become of a certificate."""
        if certificate.revoked_ms or certificate.issuer in self.revoked_issuers.lasting:
            return CertificateState.REVOKED
        if now_ms >= certificate.expires_ms:
            return CertificateState.EXPIRED
        return CertificateState.VALID if self.is_newest(certificate) else CertificateState.SUPERSEDED

    def is_newest(self, certificate: Certificate) -> bool:
        """Whether none was issued to its host since."""
        return self._of_host[certificate.host_id][-1] == certificate.serial

    def keep(self, certificate: Certificate) -> None:
        """Show a certificate that was issued."""
        self._certificates[certificate.serial] = certificate
        self._of_host[certificate.host_id].append(certificate.serial)

    def keeping(self, certificate: Certificate) -> Settle:
        """Return what shows a certificate once it is durable."""

        def settle(error: SysmonError | None) -> None:
            if error is None:
                self.keep(certificate)

        return settle

    def revoking(self, host_id: str, *, revoked_ms: int, reason: str) -> Settle:
        """Return what marks the host's certificates once that is durable."""

        def settle(error: SysmonError | None) -> None:
            if error is not None:
                return
            for certificate in self.of_host(host_id):
                if not certificate.revoked_ms:
                    marked = replace(certificate, revoked_ms=revoked_ms, reason=reason)
                    self._certificates[certificate.serial] = marked

        return settle

    def forget(self, serials: Iterable[str]) -> None:
        for serial in serials:
            certificate = self._certificates.pop(serial)
            remaining = self._of_host[certificate.host_id]
            remaining.remove(serial)
            if not remaining:
                del self._of_host[certificate.host_id]
