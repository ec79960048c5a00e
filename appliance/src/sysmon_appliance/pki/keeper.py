"""Keeps an aggregator's own certificates in time, while it runs."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from cryptography import x509

from sysmon_agent.clock import Clock
from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.authorities import Authority, Standing
from sysmon_appliance.pki.certificates import common_name, fingerprint, serial_of
from sysmon_appliance.pki.chains import Certificates
from sysmon_appliance.pki.files import certificates_in
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.server_identity import ServerIdentity
from sysmon_appliance.pki.times import milliseconds, renew_at_ms, to_minute

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 300
_REMIND_SECONDS = 86_400


class Keeper:
    """Renews what an aggregator shows to others; `run` it as a task.

    Parameters
    ----------
    issuer
        None where the aggregator was given its certificate: then there is nothing to renew, and `rotate` only reads
        what was put in its place.
    certificate, authority
        The files of the certificate that agents see, and of the trusted roots.
    identities
        The certificates to renew.
    reloads
        Called in another thread whenever files have changed.
    """

    def __init__(
        self,
        issuer: IssuingAuthority | None,
        identities: Sequence[ServerIdentity],
        *,
        certificate: Path,
        authority: Path,
        reloads: Sequence[Callable[[], None]],
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._identities = identities
        self._certificate = certificate
        self._authority = authority
        self._reloads = reloads
        self._clock = clock
        self._busy = asyncio.Lock()
        self._reminded_ms = 0
        self._standing = self._look()

    def standing(self) -> Standing:
        return self._standing

    async def rotate(self) -> None:
        async with self._busy:
            await asyncio.to_thread(self._rotate)
        _log.info("The aggregator's certificates were renewed.", extra=self._facts())

    async def run(self, *, look_seconds: float = _LOOK_SECONDS) -> NoReturn:
        """Look every few minutes whether something is due; what fails is tried again at the next look."""
        while True:
            await asyncio.sleep(look_seconds)
            self._remind()
            try:
                await self._renew_what_is_due()
            except SysmonError as error:
                _log.warning(
                    "The aggregator's certificates could not be renewed.",
                    extra=self._facts() | {"code": error.code, "detail": error.message, "hint": error.hint},
                )

    async def _renew_what_is_due(self) -> None:
        async with self._busy:
            renewed = await asyncio.to_thread(self._ensure)
        if renewed:
            _log.info("The aggregator's certificates were renewed.", extra=self._facts())

    def _ensure(self) -> bool:
        renewed = False
        try:
            for identity in self._identities:
                renewed |= identity.ensure()
        finally:  # where one fails, those before it are to be used all the same
            if renewed:
                self._take_into_use()
        return renewed

    def _rotate(self) -> None:
        if self._issuer is not None:
            self._issuer.reload()
        for identity in self._identities:
            identity.renew()
        self._take_into_use()

    def _take_into_use(self) -> None:
        for reload in self._reloads:
            reload()
        self._standing = self._look()

    def _look(self) -> Standing:
        own = certificates_in(self._certificate)[0]
        return Standing(
            issuer=_described(self._issuer.material.certificate) if self._issuer is not None else None,
            roots=tuple(map(_described, self._roots())),
            serial=serial_of(own),
            expires_ms=milliseconds(own.not_valid_after_utc),
        )

    def _roots(self) -> Certificates:
        return self._issuer.roots if self._issuer is not None else certificates_in(self._authority)

    def _remind(self) -> None:
        """Say once a day that an intermediate comes to its end: only a person can replace it."""
        now_ms = self._clock.wall_ms()
        if self._issuer is None or now_ms - self._reminded_ms < 1000 * _REMIND_SECONDS:
            return
        intermediate = self._issuer.material.certificate
        if now_ms >= renew_at_ms(intermediate):
            self._reminded_ms = now_ms
            _log.warning(
                "The intermediate of this aggregator is to be replaced.",
                extra={"ends": to_minute(intermediate.not_valid_after_utc), "hint": "sysmon-aggregator pki request"},
            )

    def _facts(self) -> dict[str, object]:
        return {"serial": self._standing.serial, "expires_ms": self._standing.expires_ms}


def _described(certificate: x509.Certificate) -> Authority:
    return Authority(
        common_name(certificate.subject), fingerprint(certificate), milliseconds(certificate.not_valid_after_utc)
    )
