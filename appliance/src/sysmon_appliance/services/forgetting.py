"""Forgetting what has been over for long: old tokens, requests and certificates.

Identities stay for ever: they say which key speaks for a host, and that a host was shut out.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NoReturn, TypeVar

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.enrolment import ForgetRequests, ForgetTokens, JoinRequest, RequestState
from sysmon_appliance.domain.identities import Certificate, ForgetCertificates
from sysmon_appliance.errors import RefusedError
from sysmon_appliance.services.cautious_clock import CautiousClock
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.join_requests import JoinRequests
from sysmon_appliance.services.join_tokens import JoinTokens
from sysmon_appliance.services.settling import Settling, commit

_DAY_MS = 86_400_000

KEPT_MS = 90 * _DAY_MS
"""How long things are on record after their end."""

WAITED_MS = 30 * _DAY_MS
"""How long a host waits that no operator looks at; after it, its agent has to ask anew."""

_ROUND_SECONDS = 3600.0
_AT_ONCE = 1000
"""Of each kind; few enough that commits of agents do not wait for it."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Forgetting:
    """Keeps the tables of identity from growing for ever."""

    def __init__(
        self, identities: Identities, tokens: JoinTokens, requests: JoinRequests, barrier: Barrier, *, clock: Clock
    ) -> None:
        self._identities = identities
        self._tokens = tokens.settling
        self._requests = requests.settling
        self._barrier = barrier
        self._clock = CautiousClock(clock)

    async def run(self) -> NoReturn:
        """Look every hour, until cancelled."""
        while True:
            await asyncio.sleep(_ROUND_SECONDS)
            try:
                await self.step()
            except RefusedError:
                _log.warning("Old records of identities could not be removed.", exc_info=True)

    async def step(self) -> None:
        """Forget what may be forgotten now."""
        now_ms = self._clock.now_ms()
        tokens = _first(one.id for one in self._tokens.lasting.values() if one.expires_ms + KEPT_MS < now_ms)
        requests = _first(one.id for one in self._requests.lasting.values() if _is_over(one, now_ms))
        serials = _first(one.serial for one in self._identities.certificates() if self._is_past(one, now_ms))
        if not (tokens or requests or serials):
            return

        def settle(error: SysmonError | None) -> None:
            if error is None:
                _drop(self._tokens, tokens)
                _drop(self._requests, requests)
                self._identities.forget(serials)

        await commit(
            self._barrier, (ForgetTokens(tokens), ForgetRequests(requests), ForgetCertificates(serials)), settle
        )

    def _is_past(self, certificate: Certificate, now_ms: int) -> bool:
        """Whether nobody asks for a certificate any more; one that a renewal followed is of no use once expired."""
        followed = not (certificate.revoked_ms or self._identities.is_newest(certificate))
        return certificate.expires_ms + (0 if followed else KEPT_MS) < now_ms


def _is_over(request: JoinRequest, now_ms: int) -> bool:
    if request.state is RequestState.WAITING:
        return request.requested_ms + WAITED_MS < now_ms
    return request.decided_ms + KEPT_MS < now_ms


def _first(ids: Iterable[str]) -> Sequence[str]:
    return tuple(islice(ids, _AT_ONCE))


def _drop(settling: Settling[T], ids: Iterable[str]) -> None:
    for one in ids:
        settling.lasting.pop(one, None)
