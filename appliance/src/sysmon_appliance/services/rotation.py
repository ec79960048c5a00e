"""Replacing what everybody's certificates hang from, without a moment at which anybody is not trusted.

The operator puts a new root or intermediate in place, beside the old one; then this reads it, renews the aggregator's
own certificates and asks the agents to renew theirs, and counts how many have. All of it runs on the event loop.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.authorities import OwnCertificates, Standing
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.identities import AskForRenewal, Certificate, CertificateState
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.settling import commit

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rotation is, counted in hosts whose newest certificate is valid."""

    by_issuer: dict[str, int]
    without_newest_root: int  # hosts that were not told of the newest root yet


class Rotation:
    """Rotates certificates of aggregator and agents."""

    def __init__(self, identities: Identities, own: OwnCertificates, barrier: Barrier, clock: Clock) -> None:
        self.own = own
        self._identities = identities
        self._barrier = barrier
        self._clock = clock

    async def rotate(self, principal: Principal, *, agents: bool) -> int:
        """Take what is in place now into use; return how many agents were asked to renew.

        Raises
        ------
        IdentityError, NoIssuerError
            What is in place cannot be used; what was in use still is.
        """
        before = _recorded(self.own.standing())
        await self.own.rotate()
        now_ms = self._clock.wall_ms()
        after = _recorded(self.own.standing()) | {"agents": agents}
        entry = audited(principal, "certificates.rotate", "aggregator", now_ms=now_ms, before=before, after=after)
        if not agents:
            await commit(self._barrier, (entry,))
            return 0
        await commit(self._barrier, (AskForRenewal(now_ms), entry), lambda error: self._ask(now_ms, error))
        asked = len(self._valid())
        _log.info("Agents were asked to renew their certificates.", extra={"agents": asked})
        return asked

    def progress(self) -> Progress:
        valid = self._valid()
        newest = self.own.standing().roots[0].fingerprint
        return Progress(
            by_issuer=dict(Counter(certificate.issuer for certificate in valid)),
            without_newest_root=sum(certificate.root != newest for certificate in valid),
        )

    def _valid(self) -> list[Certificate]:
        state, now_ms = self._identities.state, self._clock.wall_ms()
        return [one for one in self._identities.current() if state(one, now_ms) is CertificateState.VALID]

    def _ask(self, before_ms: int, error: SysmonError | None) -> None:
        if error is None:
            self._identities.renew_before_ms = before_ms


def _recorded(standing: Standing) -> dict[str, Any]:
    """Return for the audit log by whom the aggregator's certificate is signed."""
    return {
        "issuer": standing.issuer.fingerprint if standing.issuer is not None else None,
        "roots": [root.fingerprint for root in standing.roots],
        "serial": standing.serial,
    }
