"""What an aggregator shows to others: certificates that it makes for itself, before they are missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.clock import Clock
from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.pki.certificates import Material, host_names, is_issued_by, usages
from sysmon_appliance.pki.files import load_pair, save_pair, using
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.profiles import Profile
from sysmon_appliance.pki.requests import identity_of
from sysmon_appliance.pki.times import is_fresh, moment


@dataclass(frozen=True, slots=True)
class ServerFiles:
    certificate: Path
    key: Path


class ServerIdentity:
    """A certificate and its key on disk, signed by the aggregator's own intermediate.

    Parameters
    ----------
    names
        Host names and addresses that it is for.
    passphrase
        Seals and opens the key.
    """

    def __init__(
        self,
        issuer: IssuingAuthority,
        profile: Profile,
        files: ServerFiles,
        *,
        names: Sequence[str],
        clock: Clock,
        passphrase: bytes | None = None,
    ) -> None:
        self._issuer = issuer
        self._profile = profile
        self._files = files
        self._names = names
        self._clock = clock
        self._passphrase = passphrase

    def ensure(self) -> bool:
        """Make the pair anew where it is not good for some time to come, and return whether that was needed.

        Raises
        ------
        IdentityError, NoIssuerError
            A pair is needed, and cannot be written or signed.
        """
        if self._is_good():
            return False
        self.renew()
        return True

    def renew(self) -> None:
        """Make a new pair; raises as `ensure` does."""
        material = self._issuer.server(self._profile, self._names)
        with using(self._files.certificate.parent):
            save_pair(material, self._files.certificate, self._files.key, self._passphrase)

    def _is_good(self) -> bool:
        try:
            pair = load_pair(self._files.certificate, self._files.key, self._passphrase)
        except IdentityError:  # missing, damaged, or cut short by a crash: a new pair costs nothing
            return False
        return self._is_ours(pair) and is_fresh(pair.certificate, moment(self._clock))

    def _is_ours(self, pair: Material) -> bool:
        issuer = self._issuer
        return (
            identity_of(pair.certificate.extensions) == Peer(issuer.peer.region, self._profile.role, issuer.peer.id)
            and is_issued_by(pair.certificate, issuer.material.certificate)
            and host_names(pair.certificate) >= set(self._names)
            and usages(pair.certificate) == set(self._profile.usages)
        )
