"""TLS as agents must speak it."""

import ssl

from sysmon_agent.errors import IdentityError
from sysmon_appliance.config import IngestSettings


def server_context(settings: IngestSettings) -> ssl.SSLContext:
    """Make the context of the ingest listener: TLS 1.3, and no connection without a certificate of our authority.

    Raises
    ------
    IdentityError
        A file is missing, or is no certificate or key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    # Agents keep one connection open and do not resume sessions; a ticket would only wake them with nothing to read.
    context.num_tickets = 0
    try:
        context.load_cert_chain(settings.certificate, settings.key)
        context.load_verify_locations(settings.authority)
    except (OSError, ValueError) as error:
        raise IdentityError(
            f"The aggregator's certificate, key or authority can't be used ({settings.certificate}, {settings.key}, "
            f"{settings.authority}): {error}.",
            hint="sysmon-aggregator config check",
        ) from error
    return context
