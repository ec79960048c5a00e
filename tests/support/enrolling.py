"""The routes of enrolment spoken by hand, so that a test may ask for what no agent would."""

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def signing_request(key: Key, *extensions: x509.ExtensionType, name: str = "") -> str:
    """Return a signing request, PEM, as agents make it unless a test adds something."""
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, name)] if name else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def key_pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class Told:
    """What came back."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.body.get("code", ""))


class Stranger:
    """One connection to the routes of enrolment; it shows a certificate only where a test gives it one."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)

    def ask(self, path: str, body: object = None, *, method: str = "POST") -> Told:
        """Send JSON, or bytes as they are, and read the answer."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._connection.request(method, path, content if body is not None else None)
        answer = self._connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Told(answer.status, json.loads(answer.read()), headers)

    def close(self) -> None:
        self._connection.close()


def context_with(folder: Path, authority: str, certificate: str = "", key: Key | None = None) -> ssl.SSLContext:
    """Trust an authority (PEM), and show a certificate (PEM) where there is one."""
    context = ssl.create_default_context(cadata=authority)
    context.check_hostname = False
    if key is not None:
        chain, secret = folder / "chain.pem", folder / "key.pem"
        chain.write_text(certificate)
        secret.write_bytes(key_pem(key))
        context.load_cert_chain(chain, secret)
    return context
