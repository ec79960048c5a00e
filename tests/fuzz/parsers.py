"""All that reads bytes of others: each parser with good inputs to begin from."""

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateSigningRequestBuilder, Name

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.decode import check_against, decode_batch, decode_hello, decode_reply, decode_schema
from sysmon_agent.wire.encode import encode_batch, encode_hello, encode_reply, encode_schema
from sysmon_agent.wire.token import TOKEN_PREFIX, JoinToken, decode_token, encode_token
from sysmon_appliance.pki.chains import read_certificates, verified_agent
from sysmon_appliance.pki.keys import new_key
from sysmon_appliance.pki.requests import intermediate_request, requested_intermediate, requested_key
from tests.support.authority import LocalAuthority
from tests.support.wire_samples import BATCHES, HELLOS, REPLIES, SCHEMA, SCHEMAS

TOKEN = JoinToken("t1", "s" * 43, "eu", ("ab" * 32,), ("aggregator.example:7443", "[::1]:7443"))
_NOW = datetime.now(UTC)
_REQUEST, _CERTIFICATE = "CERTIFICATE REQUEST", "CERTIFICATE"


@dataclass(frozen=True)
class Parser:
    """What is fuzzed; it may answer bad bytes with errors of our family, and with nothing else."""

    name: str
    seeds: tuple[bytes, ...]
    parse: Callable[[bytes], Any]
    share: int  # of every hundred inputs


def parsers() -> list[Parser]:
    agent, aggregator = agent_request(), intermediate_request(new_key(), "eu", "first")
    chain, root = _issued()
    leaf, rest = _first(chain)

    def verify(pem: bytes) -> None:
        verified_agent(pem, read_certificates(root), _NOW)

    return [
        Parser("wire.hello", tuple(map(encode_hello, HELLOS.values())), decode_hello, 20),
        Parser("wire.schema", tuple(map(encode_schema, SCHEMAS.values())), decode_schema, 15),
        Parser("wire.batch", tuple(map(encode_batch, BATCHES.values())), _batch, 25),
        Parser("wire.reply", tuple(map(encode_reply, REPLIES.values())), decode_reply, 10),
        Parser("token.text", (encode_token(TOKEN).encode(),), _token, 5),
        Parser("token.content", (_content(TOKEN),), _token_with, 15),
        Parser("request.agent.pem", (agent,), requested_key, 1),
        Parser("request.agent.der", (_first(agent)[0],), lambda der: requested_key(_pem(_REQUEST, der)), 2),
        Parser("request.aggregator.pem", (aggregator,), requested_intermediate, 1),
        Parser(
            "request.aggregator.der",
            (_first(aggregator)[0],),
            lambda der: requested_intermediate(_pem(_REQUEST, der)),
            2,
        ),
        Parser("certificates.pem", (chain,), verify, 2),
        Parser("certificates.der", (leaf,), lambda der: verify(_pem(_CERTIFICATE, der) + rest), 2),
    ]


def _batch(data: bytes) -> None:
    check_against(decode_batch(data), SCHEMA)


def _token(data: bytes) -> None:
    decode_token(data.decode("utf-8", "surrogateescape"))


def _content(token: JoinToken) -> bytes:
    encoded = encode_token(token).removeprefix(TOKEN_PREFIX)
    return json.dumps(json.loads(b64decode(encoded + "==", altchars=b"-_")[:-4])).encode()


def _token_with(content: bytes) -> None:
    """Read a token whose checksum is right, so that its content is looked at."""
    checksum = crc32(TOKEN_PREFIX.encode() + content).to_bytes(4, "big")
    decode_token(TOKEN_PREFIX + urlsafe_b64encode(content + checksum).decode().rstrip("="))


def agent_request() -> bytes:
    """Ask as an agent does, for a signature and nothing more."""
    builder = CertificateSigningRequestBuilder().subject_name(Name([]))
    return builder.sign(new_key(), SHA256()).public_bytes(Encoding.PEM)


def _issued() -> tuple[bytes, bytes]:
    """Return an agent's chain and the root that it leads to."""
    with TemporaryDirectory() as folder:
        files = LocalAuthority.open(Path(folder) / "pki", SystemClock()).agent("a" * 32)
        return files.certificate.read_bytes(), files.authority.read_bytes()


def _first(pem: bytes) -> tuple[bytes, bytes]:
    """Return what the first block of a PEM text holds, and the blocks after it."""
    block, end, rest = pem.partition(b"-----END")
    return b64decode(b"".join(block.splitlines()[1:])), (end + rest).partition(b"\n")[2]


def _pem(kind: str, der: bytes) -> bytes:
    return f"-----BEGIN {kind}-----\n{b64encode(der).decode()}\n-----END {kind}-----\n".encode()
