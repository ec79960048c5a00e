"""An aggregator's intermediate and certificates, as its settings name them."""

import logging
from collections.abc import Iterator
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_agent.errors import IdentityError
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.errors import NoIssuerError
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.issuer_files import IssuerFiles
from sysmon_appliance.pki.names import server_names
from sysmon_appliance.pki.profiles import AGGREGATOR_PROFILE, CONSOLE_PROFILE, Profile
from sysmon_appliance.pki.server_identity import ServerFiles, ServerIdentity

_log = logging.getLogger(__name__)


def issuer_files(settings: AggregatorSettings, passphrase: bytes | None) -> IssuerFiles:
    """Return where the intermediate and its authority lie."""
    authority = Path(settings.ingest.authority)
    return IssuerFiles(_folder(settings), authority=authority, passphrase=passphrase)


def console_files(settings: AggregatorSettings) -> ServerFiles:
    """Return where the console's certificate lies that the aggregator makes itself."""
    return ServerFiles(_folder(settings) / "console.pem", _folder(settings) / "console-key.pem")


def open_issuer(settings: AggregatorSettings, clock: Clock, passphrase: bytes | None) -> IssuingAuthority | None:
    """Open the intermediate; None where this aggregator has none.

    Raises
    ------
    IdentityError
        The intermediate or its key cannot be used, or is of another region.
    """
    issuer = IssuingAuthority.open(issuer_files(settings, passphrase), clock)
    if issuer is not None and issuer.peer.region != settings.region:
        raise IdentityError(
            f"The intermediate is of region {issuer.peer.region}, and the settings name region {settings.region}.",
            hint="sysmon-aggregator config show --effective",
        )
    return issuer


def own_certificates(
    issuer: IssuingAuthority, settings: AggregatorSettings, clock: Clock, passphrase: bytes | None
) -> list[ServerIdentity]:
    """Make the certificates that this aggregator shows, where they are missing, and return what renews them.

    Raises
    ------
    ConfigError, IdentityError
        A name cannot be certified, or a file not be written.
    """
    identities = [
        ServerIdentity(
            issuer, profile, files, names=server_names(settings.pki.names, listen), clock=clock, passphrase=passphrase
        )
        for profile, files, listen in _wanted(settings)
    ]
    for identity in identities:
        try:
            identity.ensure()
        except NoIssuerError as error:
            # What is there goes on being shown: people can still look at their hosts, though agents will refuse it.
            _log.error(
                "The aggregator's certificate cannot be renewed.", extra={"detail": error.message, "hint": error.hint}
            )
    return identities


def _wanted(settings: AggregatorSettings) -> Iterator[tuple[Profile, ServerFiles, str]]:
    """Yield profile, files and listening address of each certificate."""
    ingest, console, files = settings.ingest, settings.console, console_files(settings)
    yield AGGREGATOR_PROFILE, ServerFiles(Path(ingest.certificate), Path(ingest.key)), ingest.listen
    if console.certificate == str(files.certificate):
        yield CONSOLE_PROFILE, files, console.listen


def _folder(settings: AggregatorSettings) -> Path:
    return Path(settings.pki.folder or Path(settings.ingest.authority).parent)
