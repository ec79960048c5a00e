"""Identities are read out of certificates that TLS has verified."""

from typing import Any

import pytest

from sysmon_agent.errors import IdentityError
from sysmon_agent.wire.peer import Peer, issuer_of, peer_of, serial_of


def certificate(uri: str, *, signed_in: str = "eu") -> dict[str, Any]:
    """Spell a certificate as `ssl` does."""
    return {
        "issuer": ((("organizationName", signed_in),), (("commonName", "SysMonitor eu agg1 1f2e3d4c"),)),
        "subjectAltName": (("DNS", "agg1.example.org"), ("URI", uri)),
    }


@pytest.mark.parametrize("role", ["agent", "aggregator", "parent", "console"])
def test_every_role_is_known(role: str) -> None:
    """Region, role and id come out of the URI, and make the same URI again."""
    peer = peer_of(certificate(f"spiffe://sysmon/eu/{role}/one"))
    assert peer == Peer("eu", role, "one")
    assert peer.uri == f"spiffe://sysmon/eu/{role}/one"


@pytest.mark.parametrize(
    "uri",
    [
        "spiffe://elsewhere/eu/agent/one",
        "spiffe://sysmon/eu/issuer/one",
        "spiffe://sysmon/eu/agent/",
        "spiffe://sysmon//agent/one",
        "spiffe://sysmon/eu",
        "https://sysmon/eu/agent/one",
    ],
)
def test_what_is_no_identity_is_refused(uri: str) -> None:
    """A URI of somebody else, of a role that connects nowhere, or with a part missing, is no identity."""
    with pytest.raises(IdentityError, match="names no SysMonitor identity"):
        peer_of(certificate(uri))


def test_without_a_certificate_there_is_no_identity() -> None:
    """Whoever shows no certificate is nobody."""
    with pytest.raises(IdentityError):
        peer_of(None)


@pytest.mark.parametrize("signed_in", ["us", ""])
def test_a_region_signs_for_itself_alone(signed_in: str) -> None:
    """An identity that another region has signed is refused, though its root is trusted."""
    with pytest.raises(IdentityError, match="for region eu"):
        peer_of(certificate("spiffe://sysmon/eu/agent/one", signed_in=signed_in))


def test_serial_and_issuer_are_as_aggregators_show_them() -> None:
    """A serial number has no leading zeros, and an issuer is called by its common name."""
    signed = certificate("spiffe://sysmon/eu/agent/one") | {"serialNumber": "0A1B"}
    assert serial_of(signed) == "a1b"
    assert issuer_of(signed) == "SysMonitor eu agg1 1f2e3d4c"
