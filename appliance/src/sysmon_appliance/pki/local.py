"""The authority of one machine, which local mode makes for itself.

It is an operator's folder and an aggregator's in one: the root signs this machine's own intermediate, and that signs
what `sysmon up` starts.
"""

from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_agent.errors import IdentityError
from sysmon_appliance.pki.certificates import pem_of
from sysmon_appliance.pki.files import using
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.issuer_files import IssuerFiles
from sysmon_appliance.pki.profiles import LOCAL_PROFILE
from sysmon_appliance.pki.requests import requested_intermediate
from sysmon_appliance.pki.root_folder import RootFolder
from sysmon_appliance.pki.times import moment

LOCAL_REGION = "local"


def open_local(folder: Path, clock: Clock) -> IssuingAuthority:
    """Use the authority in `folder`, or make one there; one that has expired is replaced.

    Raises
    ------
    IdentityError
        The folder cannot be used, or holds a damaged authority. It is not replaced silently.
    """
    with using(folder):
        try:
            return _opened(folder, clock)
        except IdentityError as error:
            raise IdentityError(error.message, hint=f"mv {folder} {folder}.broken") from error


def _opened(folder: Path, clock: Clock) -> IssuingAuthority:
    root, files, now = RootFolder(folder), IssuerFiles(folder), moment(clock)
    if _signs_nothing(root, files) or root.roots()[0].not_valid_after_utc <= now:
        _clear(folder)
    if not root.exists:
        root.make("local", now)
    issuer = IssuingAuthority.open(files, clock)
    if issuer is None:
        key, peer = requested_intermediate(files.request(LOCAL_REGION, "local"))
        certificate = root.sign(key, peer, profile=LOCAL_PROFILE, now=now)
        files.install(pem_of([certificate]), None, region=LOCAL_REGION, now=now)
        issuer = IssuingAuthority.open(files, clock)
    assert issuer is not None  # noqa: S101 - it was just installed
    return issuer


def _signs_nothing(root: RootFolder, files: IssuerFiles) -> bool:
    """Whether there is neither a root's key nor an intermediate.

    So it is at first, after a crash in the middle of a first start, and where an authority of an earlier version signed
    agents itself. Nothing there would be trusted together with what is made now.
    """
    return not root.key.exists() and not files.intermediate.exists()


def _clear(folder: Path) -> None:
    for file in sorted(folder.glob("*.pem"), key=lambda file: file.name == "ca.pem"):
        file.unlink()  # ca.pem is the last: without it, what a crash has left would not be known as expired
