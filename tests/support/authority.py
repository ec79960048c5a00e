"""An authority that hands out certificates as files, without the enrolment that real hosts go through."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.pki.certificates import Material, certify, is_issued_by
from sysmon_appliance.pki.files import load_pair, save_pair
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.keys import new_key
from sysmon_appliance.pki.local import open_local
from sysmon_appliance.pki.names import LOOPBACK
from sysmon_appliance.pki.profiles import AGENT_PROFILE, AGGREGATOR_PROFILE, Profile
from sysmon_appliance.pki.server_identity import ServerFiles, ServerIdentity
from sysmon_appliance.pki.times import is_fresh, moment

A_YEAR = timedelta(days=365)
"""How long the certificates of others last here, so that a test may move its clock."""


@dataclass(frozen=True, slots=True)
class IssuedFiles:
    """Where a program finds its identity; all PEM."""

    certificate: Path
    key: Path
    authority: Path

    def settings(self) -> Mapping[str, str]:
        """Return the paths as settings files name them."""
        return {"certificate": str(self.certificate), "key": str(self.key), "authority": str(self.authority)}


class LocalAuthority:
    """The authority of local mode in a folder; an aggregator that is started on that folder lets hosts in with it."""

    def __init__(self, folder: Path, issuer: IssuingAuthority, clock: Clock) -> None:
        self.issuer = issuer
        self._folder = folder
        self._clock = clock

    @classmethod
    def open(cls, folder: Path, clock: Clock) -> Self:
        return cls(folder, open_local(folder, clock), clock)

    def aggregator(self) -> IssuedFiles:
        """Return the aggregator's certificate, new if there is none that will last."""
        issued = self._files(self._folder, "aggregator")
        files = ServerFiles(issued.certificate, issued.key)
        ServerIdentity(self.issuer, AGGREGATOR_PROFILE, files, names=LOOPBACK, clock=self._clock).ensure()
        return issued

    def agent(self, host_id: str) -> IssuedFiles:
        """Return the certificate of a host's agent, new if there is none that will last."""
        return self._lasting(host_id, AGENT_PROFILE)

    def peer(self, name: str, profile: Profile = AGGREGATOR_PROFILE) -> IssuedFiles:
        """Return the certificate of another aggregator, or of another server, of the region."""
        return self._lasting(name, profile)

    def _lasting(self, name: str, profile: Profile) -> IssuedFiles:
        issued = self._files(self._folder / f"{profile.role}s", name)
        if not self._is_good(issued):
            self._issue(issued, Peer(self.issuer.peer.region, profile.role, name), profile)
        return issued

    def _issue(self, issued: IssuedFiles, peer: Peer, profile: Profile) -> None:
        key, intermediate, lasting = new_key(), self.issuer.material, replace(profile, life=A_YEAR)
        leaf = certify(intermediate, key.public_key(), peer, profile=lasting, now=moment(self._clock))
        save_pair(Material(leaf, key, (intermediate.certificate,)), issued.certificate, issued.key, None)

    def _is_good(self, issued: IssuedFiles) -> bool:
        try:
            leaf = load_pair(issued.certificate, issued.key, None).certificate
        except IdentityError:
            return False
        return is_issued_by(leaf, self.issuer.material.certificate) and is_fresh(leaf, moment(self._clock))

    def _files(self, folder: Path, stem: str) -> IssuedFiles:
        return IssuedFiles(folder / f"{stem}.pem", folder / f"{stem}-key.pem", self._folder / "ca.pem")
