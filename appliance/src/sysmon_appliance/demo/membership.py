"""A simulated host's certificate: asked for with a token, renewed with its key, kept in files."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from sysmon_agent.clock import Clock
from sysmon_agent.config.addresses import Address
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import IdentityError, TransportError
from sysmon_agent.wire.routes import ENROLL_PATH, RENEW_PATH
from sysmon_appliance.demo.client import TIMEOUT_SECONDS, Answer, Connection, request, tls_context, trusting
from sysmon_appliance.files import make_private_folder, replace_file
from sysmon_appliance.pki.files import load_pair
from sysmon_appliance.pki.keys import load_key, new_key, save_key
from sysmon_appliance.pki.times import renew_at_ms

RETRY_MS = 10_000
_MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Papers:
    """Where a host's identity lies, and the token with which it gets one; a host that has one needs none."""

    tls: TlsSettings
    token: str = ""


@dataclass(frozen=True, slots=True)
class Office:
    """The aggregator, as hosts come to it without a certificate: not all of them at once."""

    address: Address
    room: asyncio.Semaphore


class Membership:
    """One host's way to the aggregator, with a certificate that is good for some time."""

    def __init__(self, name: str, papers: Papers, office: Office, clock: Clock) -> None:
        self._name = name
        self._tls = papers.tls
        self._token = papers.token
        self._office = office
        self._clock = clock
        self._due_ms = 0 if papers.token else _renewal_ms(papers.tls)

    @property
    def is_due(self) -> bool:
        """Whether the next connection is to bring another certificate."""
        return self._clock.wall_ms() >= self._due_ms

    def renew_soon(self) -> None:
        """Do what the aggregator asks for."""
        self._due_ms = 0

    async def connect(self) -> Connection:
        """Connect with a certificate, a new one where that is due.

        Raises
        ------
        OSError, IdentityError, TransportError
            There is no certificate yet, or the aggregator cannot be reached.
        """
        if self.is_due or self._token:
            await self._renew()
        return await self._reach(tls_context(self._tls))

    async def _renew(self) -> None:
        """Get another certificate; while that fails, the one that there is goes on being used."""
        self._due_ms = self._clock.wall_ms() + RETRY_MS
        key = self._key()
        answer = await self._ask(*self._request(key))
        if answer.status != 200:
            raise TransportError(f"The aggregator gives no certificate (status {answer.status}).")
        self._keep(json.loads(answer.body)["certificate"])

    def _request(self, key: ec.EllipticCurvePrivateKey) -> tuple[str, Mapping[str, Any]]:
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        signed = builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()
        if self._token:
            return ENROLL_PATH, {"token": self._token, "request": signed, "name": self._name}
        return RENEW_PATH, {"certificate": Path(self._tls.certificate).read_text("ascii"), "request": signed}

    async def _ask(self, path: str, body: Mapping[str, Any]) -> Answer:
        message = request(path, json.dumps(body).encode(), media_type=_MEDIA_TYPE)
        async with self._office.room:
            connection = await self._reach(trusting(self._tls.authority))
            async with asyncio.timeout(TIMEOUT_SECONDS):
                try:
                    return await connection.send(message)
                finally:
                    await connection.end()  # it counts among those of this address until then

    async def _reach(self, context: ssl.SSLContext) -> Connection:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await Connection.to(self._office.address.host, self._office.address.port, context)

    def _key(self) -> ec.EllipticCurvePrivateKey:
        """Return this host's key, which is there before its certificate: who asks again with it is the same host."""
        path = Path(self._tls.key)
        try:
            return load_key(path, None)
        except IdentityError:
            key = new_key()
            make_private_folder(path.parent)
            save_key(path, key, None)
            return key

    def _keep(self, chain: str) -> None:
        replace_file(Path(self._tls.certificate), chain.encode())
        self._token = ""
        self._due_ms = _renewal_ms(self._tls)


def _renewal_ms(tls: TlsSettings) -> int:
    """Return when the certificate in these files is to be replaced: at once where there is none."""
    try:
        return renew_at_ms(load_pair(Path(tls.certificate), Path(tls.key), None).certificate)
    except IdentityError:
        return 0
