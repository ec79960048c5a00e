"""An aggregator's own issuing intermediate: it certifies agents, and the aggregator itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from sysmon_agent.clock import Clock
from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.domain.certificates import Issued, Presented
from sysmon_appliance.errors import BadCsrError, NoIssuerError
from sysmon_appliance.pki.certificates import (
    Material,
    certify,
    common_name,
    fingerprint,
    pem_of,
    serial_of,
)
from sysmon_appliance.pki.chains import Certificates, check_intermediate, verified_agent
from sysmon_appliance.pki.issuer_files import IssuerFiles
from sysmon_appliance.pki.keys import key_hash, new_key
from sysmon_appliance.pki.profiles import AGENT_PROFILE, Profile
from sysmon_appliance.pki.requests import requested_key
from sysmon_appliance.pki.times import milliseconds, moment, to_minute


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the files said when they were read last."""

    material: Material
    roots: Certificates
    peer: Peer


class IssuingAuthority:
    """Signs with the intermediate in a folder; see `domain.certificates.Issuer` for the contract."""

    def __init__(self, files: IssuerFiles, loaded: _Loaded, clock: Clock) -> None:
        self._files = files
        self._loaded = loaded
        self._clock = clock

    @classmethod
    def open(cls, files: IssuerFiles, clock: Clock) -> Self | None:
        """Use the intermediate in a folder; None where there is none.

        Raises
        ------
        IdentityError
            There is one, and it cannot be used: its key is lost or sealed, or it leads to no trusted root. One that
            has expired can be used, but signs nothing.
        """
        loaded = _read(files)
        return cls(files, loaded, clock) if loaded is not None else None

    def reload(self) -> None:
        """Read the files again: another intermediate, other roots. After an error all is as before.

        Raises
        ------
        IdentityError
            As `open` does, and where the intermediate is gone.
        """
        loaded = _read(self._files)
        if loaded is None:
            raise IdentityError(f"{self._files.intermediate} is gone.", hint="sysmon-aggregator pki show")
        self._loaded = loaded

    @property
    def name(self) -> str:
        return self._loaded.material.name

    @property
    def peer(self) -> Peer:
        """Whose intermediate it is: region and name of the aggregator."""
        return self._loaded.peer

    @property
    def material(self) -> Material:
        return self._loaded.material

    @property
    def roots(self) -> Certificates:
        return self._loaded.roots

    @property
    def authority(self) -> str:
        return pem_of(self._loaded.roots).decode()

    @property
    def fingerprints(self) -> tuple[str, ...]:
        return tuple(map(fingerprint, self._loaded.roots))

    def public_key(self, request: bytes) -> str:
        return key_hash(requested_key(request))

    def sign(self, request: bytes, peer: Peer, *, life_seconds: int) -> Issued:
        key = requested_key(request)
        now = moment(self._clock)
        profile = replace(AGENT_PROFILE, life=timedelta(seconds=life_seconds))
        certificate = certify(self._usable(), key, peer, profile=profile, now=now)
        return Issued(
            serial=serial_of(certificate),
            chain=pem_of((certificate, self.material.certificate)).decode(),
            public_key=key_hash(key),
            issued_ms=milliseconds(now),
            expires_ms=milliseconds(certificate.not_valid_after_utc),
        )

    def presented(self, chain: bytes, request: bytes) -> Presented:
        certificate, peer = verified_agent(chain, self._loaded.roots, moment(self._clock))
        key = requested_key(request)
        if key != certificate.public_key():
            raise BadCsrError("The request is not signed with the certificate's key.", hint="sysmon-agent check")
        return Presented(
            peer=peer,
            serial=serial_of(certificate),
            issuer=common_name(certificate.issuer),
            public_key=key_hash(key),
            expires_ms=milliseconds(certificate.not_valid_after_utc),
        )

    def server(self, profile: Profile, names: Sequence[str]) -> Material:
        """Make a key and a certificate for this aggregator as a server of these names.

        Raises
        ------
        NoIssuerError
            The intermediate has expired.
        """
        issuer, key = self._usable(), new_key()
        peer = Peer(self.peer.region, profile.role, self.peer.id)
        certificate = certify(issuer, key.public_key(), peer, profile=profile, now=moment(self._clock), names=names)
        return Material(certificate, key, (issuer.certificate,))

    def _usable(self) -> Material:
        material = self._loaded.material
        if not material.is_valid(moment(self._clock)):
            end = to_minute(material.certificate.not_valid_after_utc)
            raise NoIssuerError(
                f"The intermediate of this aggregator is not valid now; it ends at {end}.",
                hint="sysmon-aggregator pki request",
            )
        return material


def _read(files: IssuerFiles) -> _Loaded | None:
    material = files.load()
    if material is None:
        return None
    roots = files.roots()
    return _Loaded(material, roots, check_intermediate(material.certificate, roots))
