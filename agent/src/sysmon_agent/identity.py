"""Who this agent is: its certificate and key, and the authority that aggregators must be signed by."""

import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sysmon_agent.clock import Clock
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import AGENT, Peer, issuer_of, peer_of, serial_of

RENEW_AT = "renew-at-ms"
"""Name of the line before a certificate that says when to renew it; text there is ignored by all (RFC 7468, 2)."""

MAX_PASSPHRASE_BYTES = 1024  # OpenSSL takes no longer one

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What this host's certificate says; all times in milliseconds since the epoch."""

    peer: Peer
    serial: str  # hexadecimal, lower case, without leading zeros, as aggregators show it
    issuer: str  # the issuer's common name
    begins_ms: int  # lies before the moment of issue, so that clocks may be a little behind
    expires_ms: int
    renew_at_ms: int


@dataclass(frozen=True, slots=True)
class Identity:
    certificate: Certificate
    context: ssl.SSLContext  # offers the certificate, and trusts the authority alone


def load(settings: TlsSettings, clock: Clock, *, seal_key: bytes | None = None) -> Identity:
    """Read and verify the three files.

    Host names are not checked, the chain and the role in the certificate are: aggregators move, their role does not.

    Raises
    ------
    IdentityError
        A file is missing, others may read the key, certificate and key do not belong together, or it is not its time.
    """
    password = passphrase(settings, seal_key)
    finish_replacement(settings, password)
    certificate = read(settings.certificate)
    _check_readable(settings.authority)
    check_private(settings.key)
    _check_time(certificate, settings.certificate, clock.wall_ms())
    return Identity(certificate, _context(settings, password))


def read(path: str) -> Certificate:
    """Read a certificate, whether or not it is still good; raises IdentityError."""
    _check_readable(path)
    decoded = _decode(path)
    begins_ms, expires_ms = moment_ms(decoded["notBefore"]), moment_ms(decoded["notAfter"])
    return Certificate(
        peer=_agent(decoded, path),
        serial=serial_of(decoded),
        issuer=issuer_of(decoded),
        begins_ms=begins_ms,
        expires_ms=expires_ms,
        renew_at_ms=_renewal(path, begins_ms, expires_ms),
    )


def pending_key(key: str) -> str:
    """Where a new key lies until there is a certificate for it."""
    return key + ".pending"


def passphrase(settings: TlsSettings, seal_key: bytes | None) -> bytes:
    """Return what the key is encrypted with; empty where it is not.

    Raises
    ------
    IdentityError
        The file that holds it cannot be used.
    """
    path = settings.key_passphrase_file
    if not path:
        return seal_key or b""
    check_private(path)
    with open(path, "rb") as file:
        found = file.read(MAX_PASSPHRASE_BYTES + 1).rstrip(b"\r\n")
    if not 0 < len(found) <= MAX_PASSPHRASE_BYTES:
        raise IdentityError(f"{path} holds no passphrase of 1 to {MAX_PASSPHRASE_BYTES} bytes.", hint=f"ls -l {path}")
    return found


def check_private(path: str) -> None:
    """Raise IdentityError for a secret file that cannot be read, or that others may read."""
    _check_readable(path)
    if os.stat(path).st_mode & 0o077:
        raise IdentityError(f"Others may read {path}, which is secret.", hint=f"chmod 600 {path}")


def finish_replacement(settings: TlsSettings, password: bytes) -> None:
    """Put a new key in its place where its certificate is there already: somebody was interrupted between the two."""
    pending = pending_key(settings.key)
    if not os.path.exists(pending):
        return
    try:
        _offering(settings.certificate, pending, password)
    except OSError:
        return  # there is no certificate for it yet
    os.replace(pending, settings.key)


def _context(settings: TlsSettings, password: bytes) -> ssl.SSLContext:
    try:
        context = _offering(settings.certificate, settings.key, password)
    except ssl.SSLError as error:
        raise _unusable_key(settings, has_password=bool(password)) from error
    try:
        context.load_verify_locations(settings.authority)
    except ssl.SSLError as error:
        raise IdentityError(
            f"{settings.authority} holds no certificate.", hint=f"openssl x509 -in {settings.authority} -noout -text"
        ) from error
    return context


def _offering(certificate: str, key: str, password: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Without a function here, OpenSSL would ask the terminal for the passphrase of an encrypted key.
    context.load_cert_chain(certificate, key, password=lambda: password)
    return context


def _unusable_key(settings: TlsSettings, *, has_password: bool) -> IdentityError:
    with open(settings.key, "rb") as file:
        encrypted = b"ENCRYPTED" in file.readline(64)
    if encrypted:
        problem = "The passphrase does not open" if has_password else "No passphrase was given for"
        return IdentityError(
            f"{problem} the encrypted key {settings.key}, which needs tls.key_passphrase_file or the seal key.",
            hint="sysmon-agent config show --effective",
        )
    return IdentityError(
        f"The key {settings.key} does not belong to the certificate {settings.certificate}, or is no PEM file.",
        hint=f"openssl pkey -in {settings.key} -noout",
    )


def _check_readable(path: str) -> None:
    try:
        with open(path, "rb"):
            return
    except FileNotFoundError as error:
        raise IdentityError(f"{path} cannot be read ({error.strerror}).", hint="sysmon-agent enroll") from error
    except OSError as error:
        raise IdentityError(f"{path} cannot be read ({error.strerror}).", hint=f"ls -l {path}") from error


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


def _renewal(path: str, begins_ms: int, expires_ms: int) -> int:
    """Return what the file says of renewal, as far as it makes sense, else two thirds of the certificate's life."""
    with open(path, "rb") as file:
        name, _, value = file.readline(64).partition(b":")
    noted_ms = int(value) if name == RENEW_AT.encode() and value.strip().isdigit() else 0
    return noted_ms if begins_ms <= noted_ms <= expires_ms else begins_ms + (expires_ms - begins_ms) * 2 // 3


def _check_time(certificate: Certificate, path: str, now_ms: int) -> None:
    if certificate.expires_ms <= now_ms:
        raise IdentityError(
            f"The certificate {path} expired at {moment(certificate.expires_ms)}; this host's clock says"
            f" {moment(now_ms)}.",
            hint="sysmon-agent renew",
        )
    if certificate.begins_ms > now_ms:
        raise IdentityError(
            f"The certificate {path} is not valid before {moment(certificate.begins_ms)}; this host's clock says"
            f" {moment(now_ms)}, which is probably wrong.",
            hint="timedatectl status",
        )


def moment_ms(text: str) -> int:
    """Read a time as certificates are printed, such as `Jan  5 09:34:43 2030 GMT`.

    `ssl.cert_time_to_seconds` does the same, and loads datetime, calendar and locale for it.
    """
    month, day, clock, year, _ = text.split()
    hour, minute, second = map(int, clock.split(":"))
    days = _days_before(int(year), _MONTHS.index(month) + 1) + int(day) - 1
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000


def moment(wall_ms: int) -> str:
    """Write a time for people, to the minute: 2030-01-05 09:34 UTC."""
    now = time.gmtime(wall_ms // 1000)
    return f"{now.tm_year:04}-{now.tm_mon:02}-{now.tm_mday:02} {now.tm_hour:02}:{now.tm_min:02} UTC"


def _days_before(year: int, month: int) -> int:
    """Count the days from 1970 to the first of a month, in years that begin in March so that the leap day is last."""
    year -= month < 3
    days_in_year = (153 * ((month + 9) % 12) + 2) // 5
    return 365 * year + year // 4 - year // 100 + year // 400 + days_in_year - 719_468
