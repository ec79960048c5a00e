"""How storage fares, for Prometheus."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sysmon_appliance.domain.segments import Kind, ManifestReader
from sysmon_appliance.domain.storekeeping import HeadContents, HeadMeter, Storekeeper
from sysmon_appliance.errors import StorageError


class StorageMetrics(Collector):
    """Shows the head and the segments; register it with `measure`, which reads the disk, to be called before."""

    _head: HeadContents | None = None

    def __init__(self, manifest: ManifestReader, keeper: Storekeeper, head: HeadMeter) -> None:
        self._manifest = manifest
        self._keeper = keeper
        self._meter = head

    def measure(self) -> None:
        """Measure the head; for worker threads. Where it cannot be measured, its metrics are left out."""
        try:
            self._head = self._meter.contents()
        except StorageError:
            self._head = None

    def collect(self) -> Iterator[Metric]:
        batches, size = (None, None) if self._head is None else (self._head.batches, self._head.bytes)
        yield GaugeMetricFamily("sysmon_storage_head_batches", "Batches in no segment yet.", batches)
        yield GaugeMetricFamily("sysmon_storage_head_bytes", "Used bytes of the live database.", size)
        yield from self._of_segments()
        yield from self._of_keeping()

    def _of_segments(self) -> Iterator[Metric]:
        numbers: Counter[Kind] = Counter()
        sizes: Counter[Kind] = Counter()
        damaged = 0
        for segment in self._manifest.all():
            numbers[segment.kind] += 1
            sizes[segment.kind] += segment.bytes
            damaged += bool(segment.damaged_ms)
        yield _by_kind("sysmon_storage_segments", "Segments in force, by kind.", numbers)
        yield _by_kind("sysmon_storage_segment_bytes", "Bytes of segments in force, by kind.", sizes)
        yield GaugeMetricFamily("sysmon_storage_damaged_segments", "Segments that were set aside.", damaged)

    def _of_keeping(self) -> Iterator[Metric]:
        status = self._keeper.status
        for name, at_ms in (("seal", status.last_seal_ms), ("merge", status.last_merge_ms)):
            seconds = None if at_ms is None else at_ms / 1000
            title = f"sysmon_storage_last_{name}_timestamp_seconds"
            yield GaugeMetricFamily(title, f"When a {name} succeeded last.", seconds)
        yield CounterMetricFamily(
            "sysmon_storage_failures", "Jobs on segments that failed since the start.", status.failures
        )


def _by_kind(name: str, text: str, values: Counter[Kind]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=("kind",))
    for kind in Kind:
        family.add_metric((kind,), values[kind])
    return family
