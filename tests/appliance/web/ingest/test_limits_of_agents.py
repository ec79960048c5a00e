"""Limits on agents as they meet them: 429, with the time after which to come back."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.wire.encode import encode_hello
from sysmon_appliance.config import LimitSettings
from tests.support.flood import connected, without_certificate
from tests.support.ingest_server import Listener, Wire, listening
from tests.support.pushes import a_body, a_hello

HELLO = encode_hello(a_hello())
TIGHT = LimitSettings(pushes_per_second=1, hellos_per_minute=2, enrolments_per_minute=2)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path, TIGHT) as listener:
        yield listener


@pytest.fixture
def wire(listener: Listener) -> Iterator[Wire]:
    with contextlib.closing(listener.wire()) as wire:
        yield wire


def asked(wire: Wire, path: str, body: bytes = b"", method: str = "POST") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    wire.send(head.encode() + body)
    return wire.receive()


def assert_limited(answer: bytes) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: " in head
    assert json.loads(body)["code"] == "rate_limited"


def test_pushes_beyond_the_share_of_a_host_are_delayed(wire: Wire) -> None:
    """A host that pushes too fast is told when to push again; the connection stays, and nothing is lost."""
    asked(wire, "/v1/hello", HELLO)
    for number in range(1, 11):
        assert asked(wire, "/v1/batches", a_body(number)).startswith(b"HTTP/1.1 200 ")
    refused = asked(wire, "/v1/batches", a_body(11))
    assert_limited(refused)
    assert b"retry-after: 1\r\n" in refused


def test_pushes_are_taken_again_after_a_while(listener: Listener, wire: Wire) -> None:
    """After the time that the refusal named, the same batch is taken."""
    asked(wire, "/v1/hello", HELLO)
    for number in range(1, 12):
        asked(wire, "/v1/batches", a_body(number))
    listener.clock.advance(1.0)
    assert asked(wire, "/v1/batches", a_body(11)).startswith(b"HTTP/1.1 200 ")


def test_hellos_are_few(wire: Wire) -> None:
    """A host that says hello again and again is told to wait."""
    asked(wire, "/v1/hello", HELLO)
    asked(wire, "/v1/hello", HELLO)
    assert_limited(asked(wire, "/v1/hello", HELLO))


def test_requests_about_certificates_are_few_per_address(listener: Listener, wire: Wire) -> None:
    """Whoever has no certificate shares a limit with their address, and takes nothing from an agent's or another's."""
    context = without_certificate()

    def authority(address: str) -> bytes:
        with context.wrap_socket(connected(listener.port, address)) as stranger:
            stranger.sendall(b"GET /v1/authority HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            return b"".join(iter(lambda: stranger.recv(65536), b""))

    answers = [authority("127.0.0.9") for _ in range(3)]
    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 200"] * 2 + [b"HTTP/1.1 429"]
    assert b'ratelimit-policy: "enrolment";q=2;w=60' in answers[0]
    assert_limited(answers[2])
    assert authority("127.0.0.8").startswith(b"HTTP/1.1 200")
    assert asked(wire, "/v1/authority", method="GET").startswith(b"HTTP/1.1 200")
