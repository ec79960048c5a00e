"""When certificates of ours were signed, end, and are to be replaced."""

from datetime import UTC, datetime

from cryptography import x509

from sysmon_agent.clock import Clock
from sysmon_appliance.pki.profiles import BACKDATED


def moment(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.wall_ms() / 1000, UTC)


def milliseconds(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def issued_at(certificate: x509.Certificate) -> datetime:
    """Return when a certificate was signed; it begins earlier than that."""
    return certificate.not_valid_before_utc + BACKDATED


def renew_at(certificate: x509.Certificate) -> datetime:
    """Return the moment, at two thirds of its life, when a certificate is to be replaced."""
    issued = issued_at(certificate)
    return issued + (certificate.not_valid_after_utc - issued) * 2 / 3


def is_fresh(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether a certificate is valid, and need not be replaced yet."""
    return certificate.not_valid_before_utc <= now < renew_at(certificate)


def day(when: datetime) -> str:
    """Spell a moment for people."""
    return f"{when:%Y-%m-%d %H:%M} UTC"
