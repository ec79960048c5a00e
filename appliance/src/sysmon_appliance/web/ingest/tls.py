"""TLS as agents must speak it."""

import ssl

from sysmon_appliance.config import IngestSettings
from sysmon_appliance.web.tls import LiveContext, TlsFiles


def live_context(settings: IngestSettings, *, key_passphrase: bytes | None = None) -> LiveContext:
    """Make the context of the ingest listener; who shows a certificate must show one of our authority.

    Raises
    ------
    IdentityError
        A file is missing, or is no certificate or key.
    """
    files = TlsFiles(settings.certificate, settings.key, settings.authority)
    return LiveContext(
        files,
        minimum_version=settings.tls.minimum_version,
        clients=ssl.CERT_OPTIONAL,
        key_passphrase=key_passphrase,
    )
