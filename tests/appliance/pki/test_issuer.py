"""What an aggregator's intermediate certifies, and whom it believes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from sysmon_agent.wire.peer import AGENT, AGGREGATOR, Peer
from sysmon_appliance.domain.certificates import Issued, Issuer
from sysmon_appliance.errors import BadCsrError, BadIdentityError, NoIssuerError
from sysmon_appliance.pki.certificates import Material, fingerprint, pem_of, serial_of
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.keys import key_hash, new_key
from sysmon_appliance.pki.profiles import (
    AGGREGATOR_PROFILE,
    CONSOLE_PROFILE,
    CONSUL_PROFILE,
    INTERMEDIATE_PROFILE,
    PARENT_PROFILE,
    Profile,
)
from sysmon_appliance.pki.requests import identity_of
from tests.support.clock import ManualClock
from tests.support.pki import REGION, Station, Tree, csr, station, tree
from tests.support.pushes import HOST

PEER = Peer(REGION, AGENT, HOST)
HOUR, DAY = 3600, 86_400
X400_NAME = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, bytes.fromhex("3002a300"))
"""A list of alternative names of which the only one is an X.400 address."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def made(tmp_path: Path, clock: ManualClock) -> Station:
    return station(tmp_path, clock)


@pytest.fixture
def issuer(made: Station) -> IssuingAuthority:
    return made.issuer


def chain_of(pem: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem.encode())


def signed_over_the_port(port: Issuer, request: bytes) -> Issued:
    return port.sign(request, PEER, life_seconds=48 * HOUR)


def test_a_request_becomes_a_certificate(issuer: IssuingAuthority, clock: ManualClock) -> None:
    """Signing certifies the key of the request for the given identity, and names serial, key and times."""
    key = new_key()
    issued = signed_over_the_port(issuer, csr(key))
    leaf, intermediate = chain_of(issued.chain)
    assert identity_of(leaf.extensions) == PEER
    assert leaf.public_key() == key.public_key()
    assert intermediate == issuer.material.certificate
    assert (issued.serial, issued.public_key) == (serial_of(leaf), key_hash(key.public_key()))
    assert (issued.issued_ms, issued.expires_ms) == (clock.wall, clock.wall + 48 * HOUR * 1000)
    assert issuer.public_key(csr(key)) == issued.public_key


def test_a_certificate_begins_a_day_early(issuer: IssuingAuthority, clock: ManualClock) -> None:
    """A host whose clock is a day behind can use its certificate at once."""
    (leaf, _) = chain_of(issuer.sign(csr(new_key()), PEER, life_seconds=HOUR).chain)
    assert leaf.not_valid_before_utc.timestamp() * 1000 == clock.wall - DAY * 1000


def test_the_subject_of_a_request_counts_for_nothing(issuer: IssuingAuthority) -> None:
    """Whatever name a request bears as its subject, the certificate has the one that the aggregator gives."""
    leaf = chain_of(issuer.sign(csr(new_key(), subject="f" * 32), PEER, life_seconds=HOUR).chain)[0]
    assert identity_of(leaf.extensions) == PEER
    assert "f" * 32 not in leaf.subject.rfc4514_string()


def asked(*extensions: x509.ExtensionType) -> bytes:
    return csr(new_key(), extensions)


def forged() -> bytes:
    """Return a request whose signature is another one's."""
    first, second = (csr(new_key()).splitlines() for _ in range(2))
    return b"\n".join([*first[:-2], second[-2], first[-1]])


BAD_REQUESTS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "no PEM": lambda: b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    "cut": lambda: csr(new_key())[:200],
    "huge": lambda: csr(new_key()) + b"\n" * 20_000,
    "foreign signature": forged,
    "to be a CA": lambda: asked(x509.BasicConstraints(ca=True, path_length=None)),
    "another host's identity": lambda: asked(
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(Peer(REGION, AGENT, "f" * 32).uri)])
    ),
    "another host's name": lambda: asked(x509.SubjectAlternativeName([x509.DNSName("db-01")])),
    "another usage": lambda: asked(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
    "a name of a kind that nobody reads": lambda: asked(X400_NAME),
    "a key of another kind": lambda: csr(ec.generate_private_key(ec.SECP256K1())),
}


@pytest.mark.parametrize("what", BAD_REQUESTS)
def test_a_request_that_is_malformed_or_asks_for_more_is_refused(issuer: IssuingAuthority, what: str) -> None:
    """A request that cannot be read, or asks to be a CA, for a name or for a usage, is refused."""
    with pytest.raises(BadCsrError) as caught:
        issuer.sign(BAD_REQUESTS[what](), PEER, life_seconds=HOUR)
    assert caught.value.code == "bad_csr"
    assert caught.value.hint


def test_no_certificate_outlives_its_issuer(made: Station, clock: ManualClock) -> None:
    """A certificate made on the intermediate's last day ends with it."""
    issuer = made.issuer
    clock.advance(364.5 * DAY)
    issued = issuer.sign(csr(new_key()), PEER, life_seconds=48 * HOUR)
    end = issuer.material.certificate.not_valid_after_utc
    assert issued.expires_ms == end.timestamp() * 1000


def test_an_expired_intermediate_signs_nothing(made: Station, clock: ManualClock) -> None:
    """An intermediate that has expired opens, says so when it is to sign, and names the command that helps."""
    clock.advance(366 * DAY)
    with pytest.raises(NoIssuerError) as caught:
        made.issuer.sign(csr(new_key()), PEER, life_seconds=HOUR)
    assert caught.value.hint == "sysmon-aggregator pki request"


def test_a_chain_shows_who_presents_it(issuer: IssuingAuthority) -> None:
    """A chain of our own is believed, and says whose it is, who signed it and until when it lasts."""
    key = new_key()
    issued = issuer.sign(csr(key), PEER, life_seconds=HOUR)
    presented = issuer.presented(issued.chain.encode(), csr(key))
    assert presented.peer == PEER
    assert (presented.serial, presented.issuer) == (issued.serial, issuer.name)
    assert (presented.public_key, presented.expires_ms) == (issued.public_key, issued.expires_ms)


def test_a_chain_that_has_expired_still_shows_it(issuer: IssuingAuthority, clock: ManualClock) -> None:
    """A chain is believed long after its end: whether that is too late is not the issuer's to decide."""
    key = new_key()
    issued = issuer.sign(csr(key), PEER, life_seconds=HOUR)
    clock.advance(29 * DAY)
    assert issuer.presented(issued.chain.encode(), csr(key)).expires_ms == issued.expires_ms


def test_a_chain_without_its_key_is_refused(issuer: IssuingAuthority) -> None:
    """Whoever copies a certificate without its key can renew nothing with it."""
    issued = issuer.sign(csr(new_key()), PEER, life_seconds=HOUR)
    with pytest.raises(BadCsrError):
        issuer.presented(issued.chain.encode(), csr(new_key()))


def self_signed(grown: Tree) -> Material:
    agent = grown.agent(grown.intermediate())
    return grown.agent(agent, key=agent.key)


def foreign(grown: Tree) -> Material:
    other = tree(grown.clock)
    return other.agent(other.intermediate())


def stranger_of_our_name(grown: Tree) -> Material:
    """Sign with another key, under the name of an intermediate of ours."""
    ours = grown.intermediate()
    return grown.agent(Material(ours.certificate, new_key()))


BAD_CHAINS: dict[str, Callable[[Tree], Material]] = {
    "self-signed": self_signed,
    "foreign": foreign,
    "signature of another key": stranger_of_our_name,
    "of no agent": lambda grown: grown.agent(grown.intermediate(), role=AGGREGATOR),
    "a CA": lambda grown: grown.intermediate(),
    "signed by an agent": lambda grown: grown.agent(grown.agent(grown.intermediate())),
    "not valid yet": lambda grown: grown.agent(grown.intermediate(), later=timedelta(days=2)),
    "one authority too many": lambda grown: grown.agent(
        grown.intermediate(below=grown.intermediate(profile=replace(INTERMEDIATE_PROFILE, path_length=1)))
    ),
    "below an authority that may have none below": lambda grown: grown.agent(
        grown.intermediate(below=grown.intermediate())
    ),
    "signed in another region": lambda grown: grown.agent(grown.intermediate(region="us")),
    "signed for Consul": lambda grown: grown.agent(grown.intermediate(profile=CONSUL_PROFILE)),
    "signed by the root": lambda grown: grown.agent(grown.root),
}


@pytest.mark.parametrize("what", BAD_CHAINS)
def test_a_chain_that_proves_nothing_is_refused(made: Station, clock: ManualClock, what: str) -> None:
    """A chain that is foreign, of another role, too long, not valid yet or wrongly signed is refused."""
    grown = tree(clock)
    made.files.authority.write_bytes(pem_of([grown.root.certificate, *made.root.roots()]))
    material = BAD_CHAINS[what](grown)
    with pytest.raises(BadIdentityError) as caught:
        made.issuer.presented(material.chain, csr(material.key))
    assert caught.value.code == "bad_identity"


def test_the_tree_of_these_tests_bears_good_fruit(made: Station, clock: ManualClock) -> None:
    """The chains above are refused for what is wrong with them: one that is grown rightly is believed."""
    grown = tree(clock)
    made.files.authority.write_bytes(pem_of([grown.root.certificate, *made.root.roots()]))
    material = grown.agent(grown.intermediate())
    assert made.issuer.presented(material.chain, csr(material.key)).peer == PEER


def with_unreadable_name() -> bytes:
    key, now = new_key(), datetime.now(UTC)
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 1, now, now + timedelta(days=1))
    return pem_of([builder.add_extension(X400_NAME, critical=False).sign(key, hashes.SHA256())])


MALFORMED = [
    b"",
    b"garbage",
    b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    with_unreadable_name(),
]


@pytest.mark.parametrize("chain", MALFORMED, ids=["empty", "garbage", "no certificate", "unreadable name"])
def test_a_malformed_chain_is_refused(issuer: IssuingAuthority, chain: bytes) -> None:
    """Bytes that are no certificates are refused, and so are more of them than a chain can have."""
    with pytest.raises(BadIdentityError):
        issuer.presented(chain, csr(new_key()))
    with pytest.raises(BadIdentityError):
        issuer.presented(chain + b"\n" * 20_000, csr(new_key()))


def test_the_authority_is_all_trusted_roots(made: Station) -> None:
    """Agents are handed every trusted root with its fingerprint, the newest first."""
    made.root.rotate("test", made.issuer.material.certificate.not_valid_before_utc)
    made.files.trust(made.root.authority.read_bytes())
    issuer = made.issuer
    assert chain_of(issuer.authority) == list(made.root.roots())
    assert issuer.fingerprints == tuple(fingerprint(root) for root in made.root.roots())
    assert len(issuer.fingerprints) == 2


@pytest.mark.parametrize("profile", [AGGREGATOR_PROFILE, PARENT_PROFILE, CONSOLE_PROFILE], ids=lambda one: one.role)
def test_a_server_gets_its_names(issuer: IssuingAuthority, profile: Profile) -> None:
    """The aggregator's certificate for each role is a server's, under its own identity and for its host names."""
    material = issuer.server(profile, ["agg1.example.org", "192.0.2.1", "2001:db8::1"])
    names = material.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == [
        f"spiffe://sysmon/eu/{profile.role}/agg1",
        "agg1.example.org",
        "192.0.2.1",
        "2001:db8::1",
    ]
    assert material.chain == pem_of([material.certificate, issuer.material.certificate])


def test_another_intermediate_is_taken_into_use(made: Station) -> None:
    """After a reload the newest intermediate signs, and chains of the one before are still believed."""
    issuer, key = made.issuer, new_key()
    before = issuer.sign(csr(key), PEER, life_seconds=HOUR)
    name = issuer.name
    made.install(made.signed())
    issuer.reload()
    assert issuer.name != name
    assert chain_of(issuer.sign(csr(key), PEER, life_seconds=HOUR).chain)[1] == issuer.material.certificate
    assert issuer.presented(before.chain.encode(), csr(key)).issuer == name


def test_a_failed_reload_changes_nothing(made: Station) -> None:
    """Where the files cannot be read, the issuer goes on with what it had."""
    issuer = made.issuer
    name = issuer.name
    made.files.intermediate.write_text("garbage")
    with pytest.raises(Exception, match="no certificate"):
        issuer.reload()
    assert issuer.name == name
    assert issuer.sign(csr(new_key()), PEER, life_seconds=HOUR).chain
