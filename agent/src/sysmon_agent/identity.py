"""Who this agent is: its certificate and key, and the authority that aggregators must be signed by."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sysmon_agent.clock import Clock
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import AGENT, Peer, peer_of

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Identity:
    peer: Peer
    expires_ms: int
    context: ssl.SSLContext  # offers the certificate, and trusts the authority alone


def load(settings: TlsSettings, clock: Clock) -> Identity:
    """Read and verify the three files.

    Host names are not checked, the chain and the role in the certificate are: aggregators move, their role does not.

    Raises
    ------
    IdentityError
        A file is missing, others may read the key, certificate and key do not belong together, or it has expired.
    """
    for path in (settings.certificate, settings.authority):
        _check_readable(path)
    _check_private(settings.key)
    certificate = _decode(settings.certificate)
    peer = _agent(certificate, settings.certificate)
    return Identity(peer, _expiry(certificate, settings.certificate, clock), _context(settings))


def _context(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except ssl.SSLError as error:
        raise IdentityError(
            f"The key {settings.key} does not belong to the certificate {settings.certificate}, or is no PEM file.",
            hint=f"openssl pkey -in {settings.key} -noout",
        ) from error
    try:
        context.load_verify_locations(settings.authority)
    except ssl.SSLError as error:
        raise IdentityError(
            f"{settings.authority} holds no certificate.", hint=f"openssl x509 -in {settings.authority} -noout -text"
        ) from error
    return context


def _check_readable(path: str) -> None:
    try:
        with open(path, "rb"):
            return
    except OSError as error:
        raise IdentityError(f"{path} cannot be read ({error.strerror}).", hint=f"ls -l {path}") from error


def _check_private(path: str) -> None:
    _check_readable(path)
    if os.stat(path).st_mode & 0o077:
        raise IdentityError(f"Others may read the private key {path}.", hint=f"chmod 600 {path}")


def _decode(path: str) -> Mapping[str, Any]:
    try:
        # The standard library's only reader of a certificate that is not a connection's; `cryptography` costs 16 MB.
        return ssl._ssl._test_decode_cert(path)  # type: ignore[attr-defined,no-any-return] # noqa: SLF001
    except ssl.SSLError as error:
        raise IdentityError(f"{path} holds no certificate.", hint=f"openssl x509 -in {path} -noout -text") from error


def _agent(certificate: Mapping[str, Any], path: str) -> Peer:
    peer = peer_of(certificate)
    if peer.role != AGENT:
        raise IdentityError(f"The certificate {path} is of {peer.uri}, which is no agent.")
    return peer


def _expiry(certificate: Mapping[str, Any], path: str, clock: Clock) -> int:
    expires = certificate["notAfter"]
    expires_ms = moment_ms(expires)
    if expires_ms <= clock.wall_ms():
        raise IdentityError(f"The certificate {path} expired at {expires}.", hint="date")
    return expires_ms


def moment_ms(text: str) -> int:
    """Read a time as certificates are printed, such as `Jan  5 09:34:43 2030 GMT`.

    `ssl.cert_time_to_seconds` does the same, and loads datetime, calendar and locale for it.
    """
    month, day, clock, year, _ = text.split()
    hour, minute, second = map(int, clock.split(":"))
    days = _days_before(int(year), _MONTHS.index(month) + 1) + int(day) - 1
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000


def _days_before(year: int, month: int) -> int:
    """Count the days from 1970 to the first of a month, in years that begin in March so that the leap day is last."""
    year -= month < 3
    days_in_year = (153 * ((month + 9) % 12) + 2) // 5
    return 365 * year + year // 4 - year // 100 + year // 400 + days_in_year - 719_468
