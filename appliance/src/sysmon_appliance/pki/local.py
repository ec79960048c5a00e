"""The authority of one machine, which local mode makes for itself.

It is an operator's folder and an aggregator's in one: the root signs this machine's own intermediate, and that signs
what `sysmon up` starts.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.pki.certificates import Material, certify, is_issued_by, pem_of
from sysmon_appliance.pki.files import load_pair, save_pair, unusable
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.issuer_files import IssuerFiles
from sysmon_appliance.pki.keys import new_key
from sysmon_appliance.pki.names import LOOPBACK
from sysmon_appliance.pki.profiles import AGENT_PROFILE, AGGREGATOR_PROFILE, LOCAL_PROFILE
from sysmon_appliance.pki.requests import requested_intermediate
from sysmon_appliance.pki.root_folder import RootFolder
from sysmon_appliance.pki.server_identity import ServerFiles, ServerIdentity
from sysmon_appliance.pki.times import is_fresh, moment

LOCAL_REGION = "local"


@dataclass(frozen=True, slots=True)
class IssuedFiles:
    """Where a program finds its identity; all PEM."""

    certificate: Path
    key: Path  # mode 0600
    authority: Path

    def settings(self) -> dict[str, str]:
        """Return the paths as settings files name them."""
        return {"certificate": str(self.certificate), "key": str(self.key), "authority": str(self.authority)}


class LocalAuthority:
    """Root and intermediate in one folder; open it with `open`."""

    def __init__(self, folder: Path, issuer: IssuingAuthority, clock: Clock) -> None:
        self.issuer = issuer
        self._folder = folder
        self._clock = clock

    @classmethod
    def open(cls, folder: Path, clock: Clock) -> Self:
        """Use the authority in `folder`, or make one there; one that has expired is replaced.

        Raises
        ------
        IdentityError
            The folder cannot be used, or holds a damaged authority. It is not replaced silently.
        """
        return cls(folder, open_local(folder, clock), clock)

    def aggregator(self) -> IssuedFiles:
        """Return the aggregator's certificate, new if there is none that will last."""
        issued = self._files(self._folder, "aggregator")
        files = ServerFiles(issued.certificate, issued.key)
        ServerIdentity(self.issuer, AGGREGATOR_PROFILE, files, names=LOOPBACK, clock=self._clock).ensure()
        return issued

    def agent(self, host_id: str, *, life: timedelta = timedelta(days=365)) -> IssuedFiles:
        """Return the certificate of a host's agent, new if there is none that will last."""
        issued = self._files(self._folder / "agents", host_id)
        if not self._is_good(issued):
            self._issue(issued, host_id, life)
        return issued

    def _issue(self, issued: IssuedFiles, host_id: str, life: timedelta) -> None:
        key, peer = new_key(), Peer(self.issuer.peer.region, AGENT_PROFILE.role, host_id)
        profile = replace(AGENT_PROFILE, life=life)
        intermediate = self.issuer.material
        leaf = certify(intermediate, key.public_key(), peer, profile=profile, now=moment(self._clock))
        try:
            save_pair(Material(leaf, key, (intermediate.certificate,)), issued.certificate, issued.key, None)
        except OSError as error:
            raise unusable(self._folder, error) from error

    def _is_good(self, issued: IssuedFiles) -> bool:
        try:
            leaf = load_pair(issued.certificate, issued.key, None).certificate
        except IdentityError:  # missing, damaged, or cut short by a crash: a new pair costs nothing
            return False
        return is_issued_by(leaf, self.issuer.material.certificate) and is_fresh(leaf, moment(self._clock))

    def _files(self, folder: Path, stem: str) -> IssuedFiles:
        return IssuedFiles(folder / f"{stem}.pem", folder / f"{stem}-key.pem", self._folder / "ca.pem")


def open_local(folder: Path, clock: Clock) -> IssuingAuthority:
    """Use the authority in `folder`, or make one there; one that has expired is replaced.

    Raises
    ------
    IdentityError
        The folder cannot be used, or holds a damaged authority. It is not replaced silently.
    """
    try:
        return _opened(folder, clock)
    except OSError as error:
        raise unusable(folder, error) from error
    except IdentityError as error:
        raise IdentityError(error.message, hint=f"mv {folder} {folder}.broken") from error


def _opened(folder: Path, clock: Clock) -> IssuingAuthority:
    root, files, now = RootFolder(folder), IssuerFiles(folder), moment(clock)
    if _is_of_an_earlier_version(folder) or (root.exists and root.roots()[0].not_valid_after_utc <= now):
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


def _is_of_an_earlier_version(folder: Path) -> bool:
    """Whether the authority in a folder signed agents itself; nothing that it signed is trusted together with ours."""
    return (folder / "ca-key.pem").exists()


def _clear(folder: Path) -> None:
    for file in folder.glob("*.pem"):
        file.unlink()
