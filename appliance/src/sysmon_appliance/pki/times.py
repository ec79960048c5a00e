"""When certificates of ours end, and when they are to be replaced."""

from datetime import UTC, datetime

from cryptography import x509

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.identities import renewal_ms
from sysmon_appliance.pki.profiles import BACKDATED


def moment(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.wall_ms() / 1000, UTC)


def milliseconds(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def renew_at_ms(certificate: x509.Certificate) -> int:
    """Return the moment when a certificate is to be replaced."""
    issued = certificate.not_valid_before_utc + BACKDATED
    return renewal_ms(milliseconds(issued), milliseconds(certificate.not_valid_after_utc))


def is_fresh(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether a certificate is valid, and need not be replaced yet."""
    return certificate.not_valid_before_utc <= now and milliseconds(now) < renew_at_ms(certificate)


def to_minute(when: datetime) -> str:
    """Spell a moment for people."""
    return f"{when:%Y-%m-%d %H:%M} UTC"
