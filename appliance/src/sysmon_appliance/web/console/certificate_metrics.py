"""When the certificates end that everything hangs from, for Prometheus, which can warn long before."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sysmon_appliance.domain.authorities import OwnCertificates


class CertificateEnds(Collector):
    """Shows when the aggregator's certificate, its intermediate and its newest root end; register it."""

    def __init__(self, own: OwnCertificates) -> None:
        self._own = own

    def collect(self) -> Iterator[GaugeMetricFamily]:
        standing = self._own.standing()
        family = GaugeMetricFamily(
            "sysmon_certificate_end_timestamp_seconds",
            "When the aggregator's own certificate, its intermediate and its newest root end.",
            labels=("certificate",),
        )
        family.add_metric(("aggregator",), standing.expires_ms / 1000)
        if standing.issuer is not None:
            family.add_metric(("intermediate",), standing.issuer.expires_ms / 1000)
        family.add_metric(("root",), standing.roots[0].expires_ms / 1000)
        yield family
