"""Authorities, signing requests and chains, good and bad, as tests need them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from sysmon_agent.clock import Clock
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_appliance.files import replace_file
from sysmon_appliance.pki.certificates import Material, certify, certify_authority, make_root, pem_of
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.issuer_files import IssuerFiles
from sysmon_appliance.pki.keys import new_key
from sysmon_appliance.pki.profiles import AGENT_PROFILE, INTERMEDIATE_PROFILE, AuthorityProfile
from sysmon_appliance.pki.requests import ISSUER, requested_intermediate
from sysmon_appliance.pki.root_folder import RootFolder
from sysmon_appliance.pki.times import moment
from tests.support.pushes import HOST

REGION = "eu"


@dataclass(frozen=True, slots=True)
class Station:
    """An operator's root and one aggregator below it, each in its folder."""

    root: RootFolder
    files: IssuerFiles
    clock: Clock

    @property
    def issuer(self) -> IssuingAuthority:
        """Open the intermediate as an aggregator does when it starts."""
        issuer = IssuingAuthority.open(self.files, self.clock)
        assert issuer is not None
        return issuer

    def signed(self, name: str = "agg1", *, old: bool = False) -> bytes:
        """Ask for an intermediate, and have the root sign it."""
        key, peer = requested_intermediate(self.files.request(REGION, name))
        now = moment(self.clock)
        return pem_of([self.root.sign(key, peer, profile=INTERMEDIATE_PROFILE, now=now, old=old)])

    def install(self, certificate: bytes) -> None:
        """Take an intermediate into use, with the roots of now."""
        roots = self.root.authority.read_bytes()
        self.files.install(certificate, roots, region=REGION, now=moment(self.clock))


def station(folder: Path, clock: Clock, *, passphrase: bytes | None = None) -> Station:
    """Make a root and an aggregator that has its intermediate."""
    root = RootFolder(folder / "root", passphrase=passphrase)
    root.make("test", moment(clock))
    made = Station(root, IssuerFiles(folder / "pki", passphrase=passphrase), clock)
    made.install(made.signed())
    return made


def csr(
    key: CertificateIssuerPrivateKeyTypes, extensions: Iterable[x509.ExtensionType] = (), subject: str = ""
) -> bytes:
    """Make a signing request, PEM."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)] if subject else [])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


class PowerCutError(Exception):
    """Ends what a test does in the middle."""


def replacing_until_power_cut(steps: int) -> Callable[[Path, bytes], None]:
    """Return what replaces so many files as the product does, and then fails."""
    left = iter(range(steps))

    def replace_or_fail(path: Path, content: bytes) -> None:
        if next(left, None) is None:
            raise PowerCutError
        replace_file(path, content)

    return replace_or_fail


@dataclass(frozen=True, slots=True)
class Tree:
    """A root, an intermediate and an agent as values, to be grown wrongly in single places."""

    clock: Clock
    root: Material

    def intermediate(
        self, *, below: Material | None = None, region: str = REGION, profile: AuthorityProfile = INTERMEDIATE_PROFILE
    ) -> Material:
        above, key = below or self.root, new_key()
        peer = Peer(region, ISSUER, "agg1")
        certificate = certify_authority(above, key.public_key(), peer, profile=profile, now=moment(self.clock))
        return Material(certificate, key, (above.certificate, *above.above) if below else ())

    def agent(
        self,
        below: Material,
        *,
        key: ec.EllipticCurvePrivateKey | None = None,
        role: str = AGENT,
        later: timedelta = timedelta(0),
    ) -> Material:
        """Certify an agent, as of a moment `later` than now."""
        key = key or new_key()
        profile = replace(AGENT_PROFILE, role=role)
        peer, now = Peer(REGION, role, HOST), moment(self.clock) + later
        certificate = certify(below, key.public_key(), peer, profile=profile, now=now)
        return Material(certificate, key, (below.certificate, *below.above))


def tree(clock: Clock) -> Tree:
    return Tree(clock, make_root("test", moment(clock)))
