"""The authority of one machine, which local mode makes for itself.

It lies in the user's data folder and signs what `sysmon up` starts: one aggregator, this host's agent, simulated
hosts. A fleet's certificates have the same profiles and another issuer.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.files import make_private_folder
from sysmon_appliance.pki import files
from sysmon_appliance.pki.certificates import Material, is_issued_by, issue, make_authority, uri_of
from sysmon_appliance.pki.profiles import AGENT_PROFILE, AGGREGATOR_PROFILE, Profile

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
    """Signs certificates with a key in a folder; open it with `open`."""

    def __init__(self, folder: Path, material: Material, clock: Clock) -> None:
        self._folder = folder
        self._material = material
        self._clock = clock

    @classmethod
    def open(cls, folder: Path, clock: Clock) -> Self:
        """Use the authority in `folder`, or make one there; one that has expired is replaced.

        Raises
        ------
        IdentityError
            The folder cannot be used, or holds a damaged authority. It is not replaced silently.
        """
        certificate, key = _authority_files(folder)
        try:
            make_private_folder(folder)
            material = files.load(certificate, key)
            if material is None or not material.lasts(_moment(clock), timedelta(0)):
                material = make_authority("SysMonitor local authority", _moment(clock))
                files.save(material, certificate, key)
        except OSError as error:
            raise _unusable(folder, error) from error
        return cls(folder, material, clock)

    def aggregator(self, name: str = "local") -> IssuedFiles:
        """Return the aggregator's certificate, new if there is none that will last."""
        return self._issued(
            AGGREGATOR_PROFILE, Peer(LOCAL_REGION, AGGREGATOR_PROFILE.role, name), self._folder, "aggregator"
        )

    def agent(self, host_id: str) -> IssuedFiles:
        """Return the certificate of the agent of that host, new if there is none that will last."""
        peer = Peer(LOCAL_REGION, AGENT_PROFILE.role, host_id)
        return self._issued(AGENT_PROFILE, peer, self._folder / "agents", host_id)

    def _issued(self, profile: Profile, peer: Peer, folder: Path, stem: str) -> IssuedFiles:
        issued = IssuedFiles(folder / f"{stem}.pem", folder / f"{stem}-key.pem", _authority_files(self._folder)[0])
        try:
            if not self._is_good(issued, profile, peer):
                files.save(issue(self._material, profile, peer, _moment(self._clock)), issued.certificate, issued.key)
        except OSError as error:
            raise _unusable(folder, error) from error
        return issued

    def _is_good(self, issued: IssuedFiles, profile: Profile, peer: Peer) -> bool:
        try:
            leaf = files.load(issued.certificate, issued.key)
        except IdentityError:  # a crash between the two files, or damage: a new pair costs nothing
            return False
        return (
            leaf is not None
            and leaf.lasts(_moment(self._clock), profile.renew_before)
            and uri_of(leaf.certificate) == peer.uri
            and is_issued_by(leaf, self._material)
        )


def _authority_files(folder: Path) -> tuple[Path, Path]:
    return folder / "ca.pem", folder / "ca-key.pem"


def _moment(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.wall_ms() / 1000, UTC)


def _unusable(folder: Path, error: OSError) -> IdentityError:
    return IdentityError(f"The folder {folder} cannot be used: {error.strerror}.", hint=f"ls -ld {folder}")
