from sysmon_appliance.domain.meter import Meter
from tests.support.clock import ManualClock
from tests.support.head import START_MS, batch, schema, series

KNOWN = schema(series("system.uptime"), series("system.memory.limit"))


def test_totals() -> None:
    """Batches, ticks and samples are counted since start."""
    meter = Meter(ManualClock())
    meter.update([batch(KNOWN, [(START_MS, (1, 2)), (START_MS + 1, (1, 2))]), batch(KNOWN, [])])
    assert (meter.batches, meter.ticks, meter.samples) == (2, 2, 4)


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    """The rate of samples follows what arrives now, and falls to nothing when nothing does."""
    clock = ManualClock()
    meter = Meter(clock)
    for _ in range(120):
        clock.advance(1)
        meter.update([batch(KNOWN, [(START_MS, (1, 2))])])
    assert 1.9 < meter.samples_per_second() < 2.1
    clock.advance(3600)
    assert meter.samples_per_second() < 0.1


def test_the_first_second() -> None:
    """The rate is sane in the first moments after start."""
    meter = Meter(ManualClock())
    meter.update([batch(KNOWN, [(START_MS, (1, 2))])])
    assert meter.samples_per_second() == 2.0
