"""Whether the certificate at a URL is trusted: by the system's store, or by an aggregator's own authority."""

import hashlib
import re
import ssl
from collections.abc import Mapping

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


def roots(authority: str) -> Mapping[str, str]:
    """Return each certificate of an authority, PEM, by the SHA-256 of its DER, hexadecimal.

    They are written anew: whoever trusts one of them trusts nothing that stood beside it.

    Raises
    ------
    ConfigError
        It is no authority.
    """
    try:
        found = [ssl.PEM_cert_to_DER_cert(each) for each in _CERTIFICATE.findall(authority)]
    except ValueError as error:
        raise ConfigError(f"This authority cannot be used: {error}.", hint="sysmon pki show") from error
    return {hashlib.sha256(der).hexdigest(): ssl.DER_cert_to_PEM_cert(der) for der in found}


def plain(fingerprint: str) -> str:
    """Write a fingerprint in one way, whether it came with colons, blanks or capitals."""
    return re.sub(r"[:\s]", "", fingerprint).lower()
