"""How the newest drill ended, for Prometheus, which can warn when none has passed for long."""

from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sysmon_appliance.domain.drills import Drill


class DrillMetrics(Collector):
    """Shows the newest drill that has ended; before the first one, nothing. Register it."""

    def __init__(self, newest: Callable[[], Drill | None]) -> None:
        self._newest = newest
        self._shown: Drill | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        newest = self._newest()
        if newest is not None and newest.ended_ms:
            self._shown = newest
        drill = self._shown
        if drill is None:
            return
        yield _gauge("drill_passed", "Whether the newest drill passed.", int(drill.passed))
        yield _gauge("drill_end_timestamp_seconds", "When the newest drill ended.", drill.ended_ms / 1000)
        if drill.passed:
            yield _gauge("drill_seconds", "Time from the order to a database to lead with.", drill.seconds)
            yield _gauge("drill_restored_bytes", "Size of the database that it restored.", drill.restored_bytes)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"sysmon_backup_{name}", text, value)
