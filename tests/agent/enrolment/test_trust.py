"""What is believed of answers, and what is not."""

import contextlib
import json
from base64 import encodebytes
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given
from hypothesis import strategies as st

from sysmon_agent.enrolment.asking import Authority, Grant, Waiting, ask, fetch_authority
from sysmon_agent.enrolment.keys import load_key
from sysmon_agent.enrolment.trust import check_clocks, check_grant, vouched_roots
from sysmon_agent.errors import AnswerError, ClockError, EnrolmentError, StrangerError, TransportError
from sysmon_agent.transport import Response
from sysmon_agent.wire.peer import Peer
from sysmon_agent.wire.token import JoinToken
from tests.support.enrolling import Key, new_key
from tests.support.joining_host import Joining
from tests.support.pushes import HOST
from tests.support.region import Region

HOUR_MS = 3_600_000
ENDLESS = b'{"authority": "", "region": "r", "now": 1e999}'


class Says:
    """A channel that answers always the same."""

    def __init__(self, status: int, body: bytes, **headers: str) -> None:
        self._response = Response(status, headers, body)

    def exchange(self, _method: str, _path: str, _body: bytes, *, media_type: str) -> Response:
        assert media_type == "application/json"
        return self._response


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"now": "soon"}', ENDLESS])
@pytest.mark.parametrize("status", [200, 202])
def test_an_answer_without_sense_is_refused(body: bytes, status: int) -> None:
    """Whatever a port answers that is no aggregator's, the error says so."""
    with pytest.raises(TransportError, match="makes no sense"):
        ask(Says(status, body), "/v1/enroll", {})
    with pytest.raises(TransportError, match="makes no sense"):
        fetch_authority(Says(status, body))


@given(st.integers(203, 599), st.binary(max_size=100))
def test_any_refusal_has_a_code_and_a_sentence(status: int, body: bytes) -> None:
    """A refusal without a readable problem still has a code, its status and a sentence."""
    if status == 429:
        return  # is no refusal
    with pytest.raises(AnswerError) as caught:
        ask(Says(status, body), "/v1/enroll", {})
    assert caught.value.status == status
    assert caught.value.code
    assert caught.value.message


def test_words_of_strangers_do_not_reach_the_terminal_as_they_are() -> None:
    """Whoever listens at an address may answer anything; its words are shown short and without control characters."""
    problem = json.dumps({"detail": "\x1b[2JAll is well.\n" + "x" * 10_000, "code": "a\tb"}).encode()
    with pytest.raises(AnswerError) as caught:
        fetch_authority(Says(403, problem))
    assert caught.value.message.startswith(" [2JAll is well. xxx")
    assert len(caught.value.message) == 500
    assert caught.value.code == "a b"


def test_too_many_at_once_is_no_refusal() -> None:
    """An aggregator that has too much to do is asked again when it says."""
    answer = ask(Says(429, b'{"detail": "Later."}', **{"retry-after": "7"}), "/v1/enroll", {})
    assert answer == Waiting("", "Later.", 7.0)


def test_only_vouched_roots_are_trusted(region: Region) -> None:
    """Of the roots that an answer brings, those count that the token vouches for."""
    issuer = region.listener.authority.issuer
    token = JoinToken("i", "s", "local", issuer.fingerprints, ("a:1",))
    answer = Authority(issuer.authority, 0, "local")
    assert vouched_roots(answer, token).count("BEGIN CERTIFICATE") == len(issuer.fingerprints)
    with pytest.raises(StrangerError):
        vouched_roots(answer, replace(token, fingerprints=("0" * 64,)))
    with pytest.raises(StrangerError):
        vouched_roots(replace(answer, roots="nothing"), token)


@pytest.mark.parametrize("apart_ms", [0, 11 * HOUR_MS, -11 * HOUR_MS])
def test_small_differences_are_no_matter(apart_ms: int) -> None:
    """Certificates bear clocks that are hours apart, as they are backdated by a day."""
    check_clocks(30 * HOUR_MS, 30 * HOUR_MS + apart_ms)


def test_a_great_difference_is_told_in_days() -> None:
    """A clock that begins with 1970 is told in days."""
    with pytest.raises(ClockError, match=r"1970-01-01 00:00 UTC, the aggregator's 1970-03-12 .* by 70 days"):
        check_clocks(0, 70 * 24 * HOUR_MS)


def test_a_grant_that_does_not_hold_is_not_installed(region: Region, tmp_path: Path) -> None:
    """A certificate of another key, host, region or authority is refused, and so is one that is none."""
    host = Joining(tmp_path / "host")
    grant = host.enroll(region.token())
    other = Joining(tmp_path / "other").enroll(region.token())
    key = load_key(Path(host.tls.key), b"")
    check_grant(grant, key, "local")
    bad: list[tuple[Grant, str]] = [
        (replace(grant, certificate=other.certificate), "local"),
        (replace(grant, host_id=other.host_id), "local"),
        (grant, "elsewhere"),
        (replace(grant, authority=grant.certificate), "local"),
        (replace(grant, authority=""), "local"),
        (replace(grant, certificate="nothing"), "local"),
    ]
    for one, place in bad:
        with pytest.raises(EnrolmentError, match="holds no good certificate"):
            check_grant(one, key, place)


def self_signed(key: Key) -> bytes:
    """Return a certificate, DER, with the identity of a host."""
    now = datetime.now(UTC)
    name = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(Peer("r", "agent", HOST).uri)])
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 1, now, now + timedelta(days=1))
    return builder.add_extension(name, critical=False).sign(key, SHA256()).public_bytes(Encoding.DER)


KEY = new_key()
DER = self_signed(KEY)
VERSION = DER.index(bytes.fromhex("a003020102")) + 4


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), min_size=1, max_size=3))
@example([(VERSION, 5)])
def test_damaged_certificates_are_refused_and_do_no_harm(damages: list[tuple[int, int]]) -> None:
    """Whatever somebody passes for a certificate, a host says who it is not, and can go on to the next address."""
    damaged = bytearray(DER)
    for place, value in damages:
        damaged[place] = value
    pem = f"-----BEGIN CERTIFICATE-----\n{encodebytes(damaged).decode()}-----END CERTIFICATE-----\n"
    with pytest.raises(StrangerError):
        vouched_roots(Authority(pem, 0, "r"), JoinToken("i", "s", "r", ("0" * 64,), ("a:1",)))
    with contextlib.suppress(EnrolmentError):
        check_grant(Grant(HOST, pem, pem, (), expires_ms=0, renew_at_ms=0, now_ms=0), KEY, "r")
