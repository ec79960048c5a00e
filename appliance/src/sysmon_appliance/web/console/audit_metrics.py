"""The head of the audit log, for Prometheus, which keeps it where nobody who changes the log can reach."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from sysmon_appliance.services.audit import Audit


class AuditHead(Collector):
    """Shows the head that was last logged; register it with the aggregator's registry."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def collect(self) -> Iterator[Metric]:
        head = self._audit.anchor
        yield GaugeMetricFamily("sysmon_audit_entries", "Entries of the audit log, some minutes ago.", head.number)
        described = {"number": str(head.number), "hash": head.hash}
        yield InfoMetricFamily("sysmon_audit_head", "The newest of those entries and its hash.", described)
