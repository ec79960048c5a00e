"""The operator's folder: the root, which signs the intermediates of aggregators and nothing else.

    ca.pem              the trusted roots, the newest first; aggregators and agents get this file
    root-key.pem        the key of the root that signs
    root-old-key.pem    while a root is being replaced: the key of the one before

The root in use is whichever in `ca.pem` belongs to `root-key.pem`. A rotation writes the new root into `ca.pem` before
it puts the key in place, so a crash in between leaves one trusted root too many, and no key without its root.
"""

from datetime import datetime
from pathlib import Path

from cryptography import x509

from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.errors import AuthorityExistsError
from sysmon_appliance.files import make_private_folder, replace_file
from sysmon_appliance.pki.certificates import Material, certify_authority, make_root, pem_of
from sysmon_appliance.pki.chains import Certificates, check_times
from sysmon_appliance.pki.files import certificates_in, using
from sysmon_appliance.pki.keys import PublicKey, is_sealed, load_key, save_key
from sysmon_appliance.pki.profiles import AuthorityProfile


class RootFolder:
    """A root and its files; `passphrase` seals and opens its keys."""

    def __init__(self, folder: Path, *, passphrase: bytes | None = None) -> None:
        self.folder = folder
        self.authority = folder / "ca.pem"
        self.key = folder / "root-key.pem"
        self.old_key = folder / "root-old-key.pem"
        self._passphrase = passphrase

    @property
    def exists(self) -> bool:
        return self.key.exists() or self.authority.exists()

    @property
    def is_sealed(self) -> bool:
        return self.key.exists() and is_sealed(self.key)

    def roots(self) -> Certificates:
        """Read the trusted roots; raises IdentityError where that fails."""
        return certificates_in(self.authority)

    def make(self, name: str, now: datetime) -> Material:
        """Make the root.

        Raises
        ------
        AuthorityExistsError
            There is one, and it is not touched.
        IdentityError
            The folder cannot be used.
        """
        if self.exists:
            raise AuthorityExistsError(f"There is an authority in {self.folder}.", hint="sysmon pki show")
        root = make_root(name, now)
        with using(self.folder):
            make_private_folder(self.folder)
            replace_file(self.authority, root.chain)
            save_key(self.key, root.key, self._passphrase)
        return root

    def sign(
        self, key: PublicKey, peer: Peer, *, profile: AuthorityProfile, now: datetime, old: bool = False
    ) -> x509.Certificate:
        """Sign an intermediate, with the root before the newest where `old` says so.

        Raises
        ------
        IdentityError
            The root has expired, or its key is lost or sealed.
        """
        root = self._root(self.old_key if old else self.key)
        check_times(root.certificate, now)
        return certify_authority(root, key, peer, profile=profile, now=now)

    def rotate(self, name: str, now: datetime) -> Material:
        """Make a new root beside the old one; both are trusted from now on, and the new one signs.

        Raises
        ------
        AuthorityExistsError
            The last rotation has not ended: the old root is not retired.
        IdentityError
            The folder or the key in it cannot be used.
        """
        before = self._root(self.key)
        if self.old_key.exists():
            raise AuthorityExistsError("The root before this one is still trusted.", hint="sysmon pki retire")
        root = make_root(name, now)
        with using(self.folder):
            replace_file(self.authority, pem_of([root.certificate, before.certificate]))
            save_key(self.old_key, before.key, self._passphrase)
            save_key(self.key, root.key, self._passphrase)
        return root

    def retire(self) -> Certificates:
        """Trust the root in use alone, destroy the key of the one before, and return what is not trusted any more.

        Raises
        ------
        IdentityError
            The folder or the key in it cannot be used.
        """
        root = self._root(self.key)
        retired = tuple(other for other in self.roots() if other != root.certificate)
        with using(self.folder):
            replace_file(self.authority, root.chain)
            self.old_key.unlink(missing_ok=True)
        return retired

    def _root(self, path: Path) -> Material:
        key = load_key(path, self._passphrase)
        for certificate in self.roots():
            if certificate.public_key() == key.public_key():
                return Material(certificate, key)
        raise IdentityError(f"{path} belongs to no root in {self.authority}.", hint=f"ls -l {self.folder}")
