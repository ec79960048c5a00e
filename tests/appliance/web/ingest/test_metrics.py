"""What the listener tells of itself."""

from prometheus_client import CollectorRegistry, generate_latest

from sysmon_appliance.web.ingest import Refusals


def test_refused_batches_are_counted_by_code() -> None:
    """The metrics say how many batches were refused, and why."""
    registry = CollectorRegistry()
    registry.register(Refusals({"unexpected_tick": 3}))
    assert 'sysmon_batches_refused_total{code="unexpected_tick"} 3.0' in generate_latest(registry).decode()
