"""An issuer whose requests and certificates are plain words, for tests that are not about cryptography.

A request is `request KEY`, and the certificate for it is `certificate SERIAL KEY HOST_ID EXPIRES_MS`.
"""

import hashlib
from itertools import count

from sysmon_agent.clock import Clock
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_appliance.domain.authorities import Authority, Standing
from sysmon_appliance.domain.certificates import Issued, Presented
from sysmon_appliance.errors import BadCsrError, BadIdentityError

ROOT = Authority("root", "11" * 32, 2_000_000_000_000)
ISSUER = Authority("issuing one", "22" * 32, 1_900_000_000_000)


def key_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def request(key: str) -> bytes:
    """Return a signing request for a key."""
    return f"request {key}".encode()


class FakeIssuer:
    """Signs whatever has the right form."""

    def __init__(self, clock: Clock, *, name: str = ISSUER.name, region: str = "local") -> None:
        self.name = name
        self.authority = "roots"
        self.fingerprints: tuple[str, ...] = (ROOT.fingerprint,)
        self._clock = clock
        self._region = region
        self._serials = count(1)

    def public_key(self, request: bytes) -> str:
        word, _, key = request.decode().partition(" ")
        if word != "request" or not key:
            raise BadCsrError("This is no signing request.", hint="sysmon-agent enroll --help")
        return key_hash(key)

    def sign(self, request: bytes, peer: Peer, *, life_seconds: int) -> Issued:
        public_key, now_ms = self.public_key(request), self._clock.wall_ms()
        serial, expires_ms = f"{next(self._serials):x}", now_ms + 1000 * life_seconds
        key = request.decode().partition(" ")[2]
        return Issued(serial, f"certificate {serial} {key} {peer.id} {expires_ms}", public_key, now_ms, expires_ms)

    def presented(self, chain: bytes, request: bytes) -> Presented:
        words = chain.decode().split(" ")
        if len(words) != 5 or words[0] != "certificate":
            raise BadIdentityError("The chain leads to no trusted root.", hint="sysmon-agent check")
        _, serial, key, host_id, expires_ms = words
        if self.public_key(request) != key_hash(key):
            raise BadCsrError("The request is not signed with the certificate's key.", hint="sysmon-agent check")
        return Presented(Peer(self._region, AGENT, host_id), serial, self.name, key_hash(key), int(expires_ms))


class FakeOwnCertificates:
    """An aggregator's own certificates, of which each rotation makes another; while `error` is set, it fails so."""

    def __init__(self, issuer: Authority | None = ISSUER) -> None:
        self.issuer = issuer
        self.roots: tuple[Authority, ...] = (ROOT,)
        self.rotations = 0
        self.error: Exception | None = None

    def standing(self) -> Standing:
        return Standing(self.issuer, self.roots, f"{self.rotations:x}", ISSUER.expires_ms)

    async def rotate(self) -> None:
        if self.error is not None:
            raise self.error
        self.rotations += 1
