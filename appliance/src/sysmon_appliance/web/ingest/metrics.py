"""What the ingest listener tells Prometheus of itself."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Refusals(Collector):
    """Counts refused batches by error code; register it with the aggregator's registry."""

    def __init__(self, refused: Mapping[str, int]) -> None:
        self._refused = refused

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily("sysmon_batches_refused", "Batches refused, by error code.", labels=("code",))
        for code, count in sorted(self._refused.items()):
            family.add_metric((code,), count)
        yield family
