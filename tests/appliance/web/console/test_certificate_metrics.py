"""Prometheus can warn of certificates that end."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from sysmon_appliance.domain.authorities import Authority
from sysmon_appliance.web.console.certificate_metrics import CertificateEnds
from tests.support.fake_issuer import ISSUER, ROOT, FakeOwnCertificates


@pytest.mark.parametrize(
    ("issuer", "shown"), [(ISSUER, {"aggregator", "intermediate", "root"}), (None, {"aggregator", "root"})]
)
def test_ends_are_shown_in_seconds(issuer: Authority | None, shown: set[str]) -> None:
    """Each certificate that the aggregator depends on has its end in /metrics; an intermediate where there is one."""
    registry = CollectorRegistry()
    registry.register(CertificateEnds(FakeOwnCertificates(issuer)))
    (family,) = registry.collect()
    ends = {sample.labels["certificate"]: sample.value for sample in family.samples}
    assert set(ends) == shown
    assert ends["root"] == ROOT.expires_ms / 1000
    assert b"sysmon_certificate_end_timestamp_seconds" in generate_latest(registry)
