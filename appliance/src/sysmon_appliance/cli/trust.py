"""Whether the certificate at a URL is trusted: by the system's store, or by an aggregator's own authority."""

import hashlib
import re
import ssl
from collections.abc import Sequence

from sysmon_agent.errors import ConfigError

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def verifying(authority: str = "") -> ssl.SSLContext:
    """Make a context that trusts an authority, PEM, and nobody else; the system's store where there is none.

    Raises
    ------
    ConfigError
        It is no authority.
    """
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"This authority cannot be used: {error}.", hint="sysmon pki show") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def unverified() -> ssl.SSLContext:
    """Make a context that trusts anybody: for asking who is there, before anything secret is said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def fingerprints(authority: str) -> Sequence[str]:
    """Return the SHA-256 of each certificate's DER, hexadecimal, in the order of the PEM."""
    found = _CERTIFICATE.findall(authority)
    return [hashlib.sha256(ssl.PEM_cert_to_DER_cert(each)).hexdigest() for each in found]


def plain(fingerprint: str) -> str:
    """Write a fingerprint in one way, whether it came with colons, blanks or capitals."""
    return re.sub(r"[:\s]", "", fingerprint).lower()
