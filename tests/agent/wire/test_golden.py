"""Messages of every protocol version, kept for ever: what was once sent must always be understood."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sysmon_agent.wire.decode import decode_batch, decode_hello, decode_reply, decode_schema
from sysmon_agent.wire.encode import encode_batch, encode_hello, encode_reply, encode_schema
from tests.support.protobuf import Runtime
from tests.support.wire_samples import BATCHES, HELLOS, REPLIES, SCHEMAS

FOLDER = Path(__file__).parents[2] / "fixtures" / "wire" / "v1"


def golden(name: str, encode: Callable[[], bytes]) -> bytes:
    """Read a kept message; SYSMON_UPDATE_GOLDEN=1 writes one that is missing, and never changes one."""
    path = FOLDER / f"{name}.bin"
    if not path.exists() and os.environ.get("SYSMON_UPDATE_GOLDEN"):
        path.write_bytes(encode())
    return path.read_bytes()


@pytest.mark.parametrize("name", HELLOS)
def test_hello_of_version_1_is_understood(name: str) -> None:
    """A hello of protocol version 1 means what it meant."""
    body = golden(name, lambda: encode_hello(HELLOS[name]))
    assert decode_hello(body) == HELLOS[name]
    assert encode_hello(HELLOS[name]) == body


@pytest.mark.parametrize("name", REPLIES)
def test_reply_of_version_1_is_understood(name: str) -> None:
    """A reply of protocol version 1 means what it meant."""
    body = golden(name, lambda: encode_reply(REPLIES[name]))
    assert decode_reply(body) == REPLIES[name]
    assert encode_reply(REPLIES[name]) == body


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_of_version_1_is_understood(name: str) -> None:
    """A schema of protocol version 1 means what it meant, and keeps its name."""
    body = golden(name, lambda: encode_schema(SCHEMAS[name]))
    assert decode_schema(body) == SCHEMAS[name]
    assert encode_schema(SCHEMAS[name]) == body


@pytest.mark.parametrize("name", BATCHES)
def test_batch_of_version_1_is_understood(name: str) -> None:
    """A batch of protocol version 1 means what it meant; its blocks may be compressed otherwise today."""
    body = golden(name, lambda: encode_batch(BATCHES[name]))
    assert decode_batch(body) == BATCHES[name]


@pytest.mark.parametrize("name", BATCHES)
def test_runtime_reads_the_golden_batches(runtime: Runtime, name: str) -> None:
    """Protobuf's own runtime reads a kept batch and writes it back unchanged."""
    body = golden(name, lambda: encode_batch(BATCHES[name]))
    assert runtime.type("Batch").FromString(body).SerializeToString() == body
