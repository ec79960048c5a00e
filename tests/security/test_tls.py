"""What others' programs find when they look at the TLS of both listeners."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sysmon_appliance.web.authorisation import LEAST, Audience
from tests.support.aggregator import settings_in
from tests.support.aggregator_thread import running_in_a_thread
from tests.support.tls_scans import OPENSSL, SSLYZE, Scan, ask, handshake, scan

needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="openssl is not on this machine.")
needs_sslyze = pytest.mark.skipif(not SSLYZE.exists(), reason="SSLyze is not installed; `make test-python` does it.")

LISTENERS = ("ingest", "console")
OLDER = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2")
INGEST_ROUTES = {route: least for route, least in LEAST.items() if route[1].startswith("/v1/")}


@dataclass(frozen=True)
class Served:
    """An aggregator whose console has a certificate, too."""

    ports: dict[str, int]
    authority: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("tls")
    settings = settings_in(folder)
    console = replace(settings.console, certificate=settings.ingest.certificate, key=settings.ingest.key)
    with running_in_a_thread(replace(settings, console=console)) as aggregator:
        ports = {"ingest": aggregator.ingest_address.port, "console": aggregator.console_address.port}
        yield Served(ports, Path(settings.ingest.authority))


def asked(served: Served, method: str, path: str) -> bytes:
    """Ask the ingest listener for a route and return its answer."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return ask(served.ports["ingest"], f"{head}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())


@needs_openssl
@pytest.mark.parametrize("listener", LISTENERS)
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_1", "-tls1"])
def test_older_protocols_are_refused(served: Served, listener: str, version: str) -> None:
    """By default nothing older than TLS 1.3 is spoken."""
    assert "Cipher is (NONE)" in handshake(served.ports[listener], version, "-cipher", "ALL:@SECLEVEL=0")
    assert "New, TLSv1.3, Cipher is TLS_" in handshake(served.ports[listener])


@needs_openssl
@pytest.mark.parametrize(("method", "path"), INGEST_ROUTES)
def test_without_a_certificate_there_is_enrolment_only(served: Served, method: str, path: str) -> None:
    """Whoever has no certificate reaches the routes of enrolment and renewal on the ingest port, and nothing else."""
    answer = asked(served, method, path)
    if INGEST_ROUTES[method, path] is Audience.PUBLIC:
        assert b"certificate_required" not in answer
        assert answer.startswith(b"HTTP/1.1 ")
    else:
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b'"code":"certificate_required"' in answer.replace(b" ", b"")


@needs_openssl
@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/api/v1/hosts", "/v1/", "/v1/authority/../batches"])
def test_without_a_certificate_nothing_else_is_told_apart(served: Served, path: str) -> None:
    """A path that the ingest port does not serve is refused as one that it does, so nobody can look around."""
    assert b"certificate_required" in asked(served, "GET", path)


def test_public_routes_are_three() -> None:
    """The ingest port has three routes that ask for no certificate."""
    public = {route for route, least in INGEST_ROUTES.items() if least is Audience.PUBLIC}
    assert public == {("GET", "/v1/authority"), ("POST", "/v1/enroll"), ("POST", "/v1/renew")}


@pytest.fixture(scope="module", params=LISTENERS)
def scanned(request: pytest.FixtureRequest, served: Served, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    report = tmp_path_factory.mktemp("scan") / "report.json"
    return scan(served.ports[request.param], served.authority, report)


@needs_sslyze
def test_a_scanner_finds_one_protocol(scanned: Scan) -> None:
    """SSLyze gets an answer in TLS 1.3 only, and there with the three suites that everybody recommends."""
    assert {version: scanned.accepted(version) for version in OLDER} == {version: [] for version in OLDER}
    assert set(scanned.accepted("tls_1_3")) == {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
    }


@needs_sslyze
def test_a_scanner_finds_no_weakness(scanned: Scan) -> None:
    """SSLyze finds no compression, Heartbleed, injection, ROBOT or renegotiation by clients."""
    assert not scanned.found("tls_compression")["supports_compression"]
    assert not scanned.found("heartbleed")["is_vulnerable_to_heartbleed"]
    assert not scanned.found("openssl_ccs_injection")["is_vulnerable_to_ccs_injection"]
    assert scanned.found("robot")["robot_result"].startswith("NOT_VULNERABLE")
    assert not scanned.found("session_renegotiation")["is_vulnerable_to_client_renegotiation_dos"]


@needs_sslyze
def test_a_scanner_calls_it_modern(scanned: Scan) -> None:
    """Mozilla's modern configuration is met, but for two curves that Python's ssl cannot leave out."""
    assert [complaint for complaint in scanned.complaints if not complaint.startswith("* tls_curves: ")] == []


@needs_sslyze
def test_a_scanner_verifies_the_chain(scanned: Scan) -> None:
    """The chain that a listener sends leads to our authority, in the right order, and to no other that is known."""
    (deployment, *_) = scanned.found("certificate_info")["certificate_deployments"]
    assert deployment["received_chain_has_valid_order"]
    trusted = [it for it in deployment["path_validation_results"] if it["was_validation_successful"]]
    assert [it["trust_store"]["name"] for it in trusted] == ["Supplied CA file"]
