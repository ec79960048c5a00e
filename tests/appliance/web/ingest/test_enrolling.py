"""Enrolment and renewal over real TLS, with real certificates, good and bad."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysmon_agent.wire.encode import encode_hello
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_agent.wire.token import decode_token
from sysmon_appliance.web.ingest.enrolling import MAX_BODY_BYTES
from tests.support.enrolling import Key, Stranger, Told, context_with, new_key, signing_request
from tests.support.pushes import HOST, a_body, a_hello
from tests.support.raw_agent import RawAgent
from tests.support.region import OPERATOR, Region, region_in

HELLO = encode_hello(a_hello())


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    with region_in(tmp_path_factory.mktemp("region")) as region:
        yield region


@pytest.fixture
def stranger(region: Region, tmp_path: Path) -> Iterator[Stranger]:
    stranger = Stranger(region.listener.port, context_with(tmp_path, authority(region)))
    yield stranger
    stranger.close()


def authority(region: Region) -> str:
    return region.listener.authority.issuer.authority


def enrol(stranger: Stranger, token: str, key: Key, **also: Any) -> Told:
    return stranger.ask(
        "/v1/enroll", {"token": token, "request": signing_request(key), "name": "web-01", "replace": "", **also}
    )


class Joined:
    """A host that was let in, and what it holds."""

    def __init__(self, region: Region, stranger: Stranger, folder: Path, **terms: Any) -> None:
        self.key = new_key()
        told = enrol(stranger, region.token(**terms), self.key)
        assert told.status == 200, told.body
        self.granted = told.body
        self._region = region
        self._folder = folder

    @property
    def host_id(self) -> str:
        return str(self.granted["host_id"])

    def agent(self) -> RawAgent:
        return RawAgent(self._region.listener.port, self._context())

    def stranger(self) -> Stranger:
        return Stranger(self._region.listener.port, self._context())

    def _context(self) -> Any:
        return context_with(self._folder, self.granted["authority"], self.granted["certificate"], self.key)


@contextmanager
def later(region: Region, *, days: float) -> Iterator[None]:
    """Let the aggregator's clock be ahead for a while; TLS and the issuer go by the machine's."""
    before = region.listener.clock.wall
    region.listener.clock.wall = before + round(days * 86_400_000)
    try:
        yield
    finally:
        region.listener.clock.wall = before


@pytest.fixture
def joined(region: Region, stranger: Stranger, tmp_path: Path) -> Joined:
    return Joined(region, stranger, tmp_path)


def test_the_authority_is_public(region: Region, stranger: Stranger) -> None:
    """Anybody may read whom agents trust, and what the aggregator's clock shows."""
    told = stranger.ask("/v1/authority", method="GET")
    assert told.status == 200
    assert told.body == {"authority": authority(region), "now": region.listener.clock.wall_ms(), "region": "local"}


def test_a_host_joins_and_pushes(region: Region, joined: Joined) -> None:
    """A token gives a host a certificate with which its batches are taken at once."""
    granted = joined.granted
    assert granted["aggregators"] == ["sysmon.example:7443"]
    assert granted["now"] < granted["renew_at"] < granted["expires"]
    leaf = x509.load_pem_x509_certificates(granted["certificate"].encode())[0]
    uris = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert uris.get_values_for_type(x509.UniformResourceIdentifier) == [Peer("local", AGENT, joined.host_id).uri]
    agent = joined.agent()
    assert agent.post("/v1/hello", HELLO).status == 200
    assert agent.post("/v1/batches", a_body(1)).status == 200
    agent.close()
    assert joined.host_id in {host.host_id for host in region.listener.catalog.all()}


def test_the_tokens_labels_win(region: Region, stranger: Stranger, tmp_path: Path) -> None:
    """What the operator vouched for wins over what the agent says of itself; the rest of its labels stay."""
    joined = Joined(region, stranger, tmp_path, labels=(("role", "db"),))
    agent = joined.agent()
    agent.post("/v1/hello", encode_hello(replace(a_hello(), labels=(("env", "prod"), ("role", "web")))))
    agent.close()
    (host,) = [host for host in region.listener.catalog.all() if host.host_id == joined.host_id]
    assert host.labels == (("env", "prod"), ("role", "db"))


def test_waiting_is_told_as_such(region: Region, stranger: Stranger) -> None:
    """A host that waits for approval gets 202 and when to ask again, and a certificate once it was approved."""
    key, token = new_key(), region.token(approval=True)
    told = enrol(stranger, token, key)
    assert (told.status, told.headers["retry-after"]) == (202, "5")
    assert told.body == {"enrolment": region.waiting().id, "retry_after": 5, "reason": "approval"}
    region.approve()
    assert enrol(stranger, token, key).status == 200


def test_rejection_is_told_as_such(region: Region, stranger: Stranger) -> None:
    """A host that an operator turns away gets 403."""
    key, token = new_key(), region.token(approval=True)
    enrol(stranger, token, key)
    region.reject()
    told = enrol(stranger, token, key)
    assert (told.status, told.code) == (403, "enrolment_rejected")


def _as_another_host() -> str:
    uri = x509.UniformResourceIdentifier(Peer("local", AGENT, HOST).uri)
    return signing_request(new_key(), x509.SubjectAlternativeName([uri]))


def _as_a_ca() -> str:
    return signing_request(new_key(), x509.BasicConstraints(ca=True, path_length=None))


def _on_another_curve() -> str:
    return signing_request(ec.generate_private_key(ec.SECP521R1()))


def _with_a_broken_signature() -> str:
    lines = signing_request(new_key()).splitlines()
    line = lines[-2]
    lines[-2] = ("A" if line[0] != "A" else "B") + line[1:]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "request_pem", [_as_another_host, _as_a_ca, _on_another_curve, _with_a_broken_signature, lambda: "", lambda: "é"]
)
def test_requests_that_ask_for_too_much_are_refused(
    region: Region, stranger: Stranger, request_pem: Callable[[], str]
) -> None:
    """Asking for another host's name, for a CA, with a weak key or without the key costs no use of the token."""
    token = region.token(uses=1)
    told = enrol(stranger, token, new_key(), request=request_pem())
    assert (told.status, told.code) == (400, "bad_csr")
    assert enrol(stranger, token, new_key()).status == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff", b"[" * 5000, {"token": 1, "request": 2, "name": 3}],
)
@pytest.mark.parametrize("path", ["/v1/enroll", "/v1/renew"])
def test_malformed_bodies_are_refused(stranger: Stranger, path: str, body: object) -> None:
    """What is no JSON of the right form gets 400 that says what is wrong."""
    told = stranger.ask(path, body)
    assert (told.status, told.code) == (400, "malformed_message")


@pytest.mark.parametrize("name", ["", "x" * 256, "web\n01", "web\0"])
def test_names_that_nobody_could_read_are_refused(region: Region, stranger: Stranger, name: str) -> None:
    """A host's name is text that fits on a line."""
    told = enrol(stranger, region.token(), new_key(), name=name)
    assert (told.status, told.code) == (400, "malformed_message")


@pytest.mark.parametrize("path", ["/v1/enroll", "/v1/renew"])
def test_bodies_are_bounded(stranger: Stranger, path: str) -> None:
    """Whoever shows no certificate cannot make the aggregator read much."""
    told = stranger.ask(path, b" " * (MAX_BODY_BYTES + 1))
    assert (told.status, told.code) == (413, "oversized_message")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the connection is to be used again
@given(body=st.binary(max_size=300))
def test_noise_is_refused(stranger: Stranger, body: bytes) -> None:
    """Bytes that were never a request of ours get an answer that blames the sender."""
    for path in ("/v1/enroll", "/v1/renew"):
        assert stranger.ask(path, body).status == 400


def test_a_token_that_is_none_is_refused(region: Region, stranger: Stranger) -> None:
    """A damaged token gets 400, one that was withdrawn 403, and either says where to get another."""
    token = region.token()
    assert enrol(stranger, token[:-9], new_key()).code == "token"
    region.do(region.listener.identity.tokens.revoke(decode_token(token).id, OPERATOR))
    told = enrol(stranger, token, new_key())
    assert (told.status, told.code, told.body["hint"]) == (403, "token_revoked", "sysmon token create")


def test_a_certificate_is_renewed_over_itself(joined: Joined) -> None:
    """An agent renews over its connection, keeps its key, and the next certificate works beside the last."""
    connection = joined.stranger()
    told = connection.ask("/v1/renew", {"request": signing_request(joined.key)})
    connection.close()
    assert told.status == 200
    assert told.body["host_id"] == joined.host_id
    assert told.body["certificate"] != joined.granted["certificate"]
    joined.granted = told.body
    agent = joined.agent()
    assert agent.post("/v1/hello", HELLO).status == 200
    agent.close()


def test_a_renewal_with_another_key_is_refused(joined: Joined) -> None:
    """A renewal keeps the key of the certificate."""
    connection = joined.stranger()
    assert connection.ask("/v1/renew", {"request": signing_request(new_key())}).code == "bad_csr"
    connection.close()


def test_an_expired_certificate_is_renewed_by_proof_of_possession(
    region: Region, joined: Joined, stranger: Stranger
) -> None:
    """An agent that was off for a weekend gets its next certificate without the connection showing the last."""
    with later(region, days=5):
        told = stranger.ask(
            "/v1/renew", {"certificate": joined.granted["certificate"], "request": signing_request(joined.key)}
        )
    assert (told.status, told.body["host_id"]) == (200, joined.host_id)


def test_an_expired_certificate_is_refused_on_an_open_connection(region: Region, joined: Joined) -> None:
    """A connection does not outlive its certificate, but it may still renew it."""
    agent, connection = joined.agent(), joined.stranger()
    assert agent.post("/v1/hello", HELLO).status == 200
    assert connection.ask("/v1/authority", method="GET").status == 200
    with later(region, days=2.1):
        assert agent.post("/v1/batches", a_body(1)).code == "certificate_expired"
        assert connection.ask("/v1/renew", {"request": signing_request(joined.key)}).status == 200
    agent.close()
    connection.close()


def test_a_certificate_without_its_key_renews_nothing(region: Region, joined: Joined, stranger: Stranger) -> None:
    """Who has copied a certificate and not its key gets nothing for it, and neither does who brings another's."""
    certificate = joined.granted["certificate"]
    told = stranger.ask("/v1/renew", {"certificate": certificate, "request": signing_request(new_key())})
    assert (told.status, told.code) == (400, "bad_csr")
    own = region.listener.authority.aggregator().certificate.read_text()
    told = stranger.ask("/v1/renew", {"certificate": own, "request": signing_request(joined.key)})
    assert (told.status, told.code) == (403, "bad_identity")


def test_renewal_needs_a_certificate_of_either_kind(stranger: Stranger) -> None:
    """Who shows no certificate and sends none is told what is missing."""
    told = stranger.ask("/v1/renew", {"request": signing_request(new_key())})
    assert (told.status, told.code) == (403, "certificate_required")


def test_a_revocation_ends_an_open_connection_at_the_next_request(
    region: Region, joined: Joined, stranger: Stranger
) -> None:
    """A host that is shut out is refused on the connection that it has, on new ones, and for renewal."""
    agent = joined.agent()
    agent.post("/v1/hello", HELLO)
    assert agent.post("/v1/batches", a_body(1)).status == 200
    region.do(region.listener.identity.revocation.revoke_host(joined.host_id, "web-01", "stolen", OPERATOR))
    refused = agent.post("/v1/batches", a_body(2))
    assert (refused.status, refused.code) == (403, "certificate_revoked")
    again = joined.agent()
    assert again.post("/v1/hello", HELLO).code == "certificate_revoked"
    proof = {"certificate": joined.granted["certificate"], "request": signing_request(joined.key)}
    assert stranger.ask("/v1/renew", proof).code == "certificate_revoked"
    agent.close()
    again.close()


def test_a_rotation_asks_agents_to_renew(region: Region, joined: Joined) -> None:
    """After a rotation every reply asks for a renewal, on open connections too, until the certificate is newer."""
    agent = joined.agent()
    replies = [agent.post("/v1/hello", HELLO), agent.post("/v1/batches", a_body(1))]
    assert [answer.reply and answer.reply.renew for answer in replies] == [False, False]
    region.listener.clock.advance(60)
    region.do(region.listener.identity.rotation.rotate(OPERATOR, agents=True))
    replies = [agent.post("/v1/batches", a_body(2)), agent.post("/v1/hello", HELLO)]
    assert [answer.reply and answer.reply.renew for answer in replies] == [True, True]
    agent.close()


def test_a_copy_asks_for_an_identity_of_its_own(region: Region, joined: Joined) -> None:
    """An agent whose files were copied waits for approval and then has another identity under another key."""
    key, connection = new_key(), joined.stranger()
    body = {"request": signing_request(key), "name": "web-02"}
    told = connection.ask("/v1/reenroll", body)
    assert (told.status, told.body["reason"]) == (202, "clone")
    region.approve()
    told = connection.ask("/v1/reenroll", body)
    assert told.status == 200
    assert told.body["host_id"] != joined.host_id
    connection.close()


def test_a_copy_needs_the_certificate(stranger: Stranger) -> None:
    """Nobody asks for a copy's identity without showing the certificate that was copied."""
    told = stranger.ask("/v1/reenroll", {"request": signing_request(new_key()), "name": "web-02"})
    assert (told.status, told.code) == (403, "certificate_required")


def test_without_an_intermediate_enrolment_says_so(tmp_path: Path) -> None:
    """An aggregator that has no intermediate answers 503, and agents that have certificates are served."""
    with region_in(tmp_path) as region:
        region.listener.identity.certificates._issuer = None
        stranger = Stranger(region.listener.port, context_with(tmp_path, authority(region)))
        told = stranger.ask("/v1/authority", method="GET")
        assert (told.status, told.code, told.headers["retry-after"]) == (503, "no_issuer", "60")
        stranger.close()
        agent = region.listener.agent()
        assert agent.post("/v1/hello", HELLO).status == 200
        agent.close()
