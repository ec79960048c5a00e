"""An aggregator's folder of keys and certificates, and how an intermediate gets into it.

    ca.pem                  the trusted roots, the newest first
    intermediate.pem        the issuing intermediate
    intermediate-key.pem    its key, made here; it never leaves
    pending-key.pem         the key of a request that is not answered yet

The pair in use is `intermediate.pem` and whichever of the two keys belongs to it. So the one rename that puts a new
intermediate in place takes its key into use at the same moment, and no crash leaves a certificate without its key.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from sysmon_agent.errors import IdentityError
from sysmon_appliance.files import make_private_folder, replace_file
from sysmon_appliance.pki.certificates import Material, pem_of
from sysmon_appliance.pki.chains import Certificates, check_intermediate, check_times
from sysmon_appliance.pki.files import certificates_in, certificates_of, using
from sysmon_appliance.pki.keys import load_key, new_key, save_key
from sysmon_appliance.pki.requests import intermediate_request

_REQUEST = "sysmon-aggregator pki request"


class IssuerFiles:
    """The files of one aggregator's intermediate; `passphrase` seals and opens its keys."""

    def __init__(self, folder: Path, *, authority: Path | None = None, passphrase: bytes | None = None) -> None:
        self.folder = folder
        self.authority = authority or folder / "ca.pem"
        self.intermediate = folder / "intermediate.pem"
        self.key = folder / "intermediate-key.pem"
        self.pending_key = folder / "pending-key.pem"
        self._passphrase = passphrase

    def roots(self) -> Certificates:
        """Read the trusted roots.

        Raises
        ------
        IdentityError
            There are none, or they cannot be read.
        """
        return certificates_in(self.authority)

    def load(self) -> Material | None:
        """Read the intermediate with its key, and finish an installation that a crash has cut short.

        Raises
        ------
        IdentityError
            The intermediate or its key cannot be used.
        """
        if not self.intermediate.exists():
            return None
        certificate = certificates_in(self.intermediate)[0]
        key = self._key_of(certificate)
        return Material(certificate, key)

    def request(self, region: str, name: str) -> bytes:
        """Return a signing request, PEM, for a key that waits here; asking again gives the same key.

        Raises
        ------
        ConfigError, IdentityError
            Region or name cannot be certified, or the folder or the waiting key cannot be used.
        """
        with using(self.folder):
            make_private_folder(self.folder)
            if not self.pending_key.exists():
                save_key(self.pending_key, new_key(), self._passphrase)
        return intermediate_request(load_key(self.pending_key, self._passphrase), region, name)

    def install(self, certificate: bytes, roots: bytes | None, *, region: str, now: datetime) -> x509.Certificate:
        """Take an intermediate into use that was signed for a request made here.

        Parameters
        ----------
        certificate, roots
            PEM; without roots, those that are trusted already.

        Raises
        ------
        IdentityError
            It belongs to no key here, leads to no root, is not valid now or is of another region; nothing was changed.
        """
        offered = certificates_of(certificate, "The certificate")[0]
        trusted = certificates_of(roots, "The authority") if roots is not None else self.roots()
        _check_region(check_intermediate(offered, trusted).region, region)
        check_times(offered, now)
        self._key_of(offered, settle=False)
        with using(self.folder):
            self._put(offered, trusted)
        return offered

    def trust(self, roots: bytes) -> Certificates:
        """Trust these roots (PEM), and no other, from now on.

        Raises
        ------
        IdentityError
            They cannot be read, or the intermediate in use leads to none of them; nothing was changed.
        """
        trusted = certificates_of(roots, "The authority")
        if (material := self.load()) is not None:
            check_intermediate(material.certificate, trusted)
        with using(self.folder):
            replace_file(self.authority, pem_of(trusted))
        return trusted

    def _put(self, certificate: x509.Certificate, roots: Sequence[x509.Certificate]) -> None:
        """Write all; at every moment the intermediate in place has its key and leads to a root in place."""
        before = self.roots() if self.authority.exists() else ()
        replace_file(self.authority, pem_of([*roots, *(root for root in before if root not in roots)]))
        replace_file(self.intermediate, pem_of([certificate]))
        self._key_of(certificate)
        replace_file(self.authority, pem_of(roots))

    def _key_of(self, certificate: x509.Certificate, *, settle: bool = True) -> ec.EllipticCurvePrivateKey:
        """Find the key of a certificate; one that was pending gets its place, unless it is not to `settle` yet."""
        for path, key in self._keys():
            if key.public_key() == certificate.public_key():
                if settle and path == self.pending_key:
                    path.replace(self.key)
                return key
        raise IdentityError(
            f"No key in {self.folder} belongs to the intermediate {certificate.subject.rfc4514_string()}.",
            hint=_REQUEST,
        )

    def _keys(self) -> Iterator[tuple[Path, ec.EllipticCurvePrivateKey]]:
        for path in (self.key, self.pending_key):
            if path.exists():
                yield path, load_key(path, self._passphrase)


def _check_region(certified: str, configured: str) -> None:
    if certified != configured:
        raise IdentityError(
            f"The intermediate is of region {certified}, and the settings name region {configured}.",
            hint="sysmon-aggregator config show --effective",
        )
