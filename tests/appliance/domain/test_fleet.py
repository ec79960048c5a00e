import numpy as np
import pytest

from sysmon_appliance.domain.batches import StoredBatch
from sysmon_appliance.domain.canonical import POSITION
from sysmon_appliance.domain.fleet import SPARKS, FleetMatrix
from sysmon_appliance.domain.schemas import KnownSchema
from tests.support.head import START_MS, Directory, batch, host, schema, series

RECEIVED = series("system.network.io", network__interface__name="eth0", network__io__direction="receive")
LOAD = series("system.cpu.load_average.1m")
KNOWN = schema(LOAD, RECEIVED)
NAN = float("nan")


def matrix_of(hosts: int = 1, interval_ms: int = 10_000) -> FleetMatrix:
    return FleetMatrix(Directory([host(key, interval_ms=interval_ms) for key in range(1, hosts + 1)]))


def at(seconds: float, load: float = 0.0, received: float = 0.0, *, key: int = 1) -> StoredBatch:
    return batch(KNOWN, [(START_MS + round(seconds * 1000), (load, received))], host=key)


def value(matrix: FleetMatrix, name: str, key: int = 1) -> float:
    row = matrix.row(key)
    assert row is not None
    return float(matrix.values[row, POSITION[name]])


def spark(matrix: FleetMatrix, name: str, seconds: float, interval_ms: int = 10_000) -> list[float]:
    found = matrix.sparks(np.array([0]), now_ms=START_MS + round(seconds * 1000), intervals_ms=np.array([interval_ms]))
    line: list[float] = found[0, SPARKS.index(name)].tolist()
    return line


def test_the_newest_tick_is_shown() -> None:
    """The fleet shows each host's newest values, rates over its last two ticks."""
    matrix = matrix_of(2)
    matrix.update([at(0, 1.0, 100.0), at(0, 7.0, key=2)])
    matrix.update([at(10, 2.0, 300.0)])
    assert (value(matrix, "load1"), value(matrix, "net_receive")) == (2.0, 20.0)
    assert value(matrix, "load1", key=2) == 7.0


def test_two_batches_of_a_host_in_one_group() -> None:
    """Several batches of one host in one commit follow one another."""
    matrix = matrix_of()
    matrix.update([at(0, 1.0, 100.0), at(10, 2.0, 200.0), at(20, 3.0, 400.0)])
    assert (value(matrix, "load1"), value(matrix, "net_receive")) == (3.0, 20.0)


def test_a_batch_of_many_ticks() -> None:
    """A batch of many ticks shows its last one and fills the sparkline with the others."""
    matrix = matrix_of()
    matrix.update([batch(KNOWN, [(START_MS + 10_000 * n, (0.0, 100.0 * n)) for n in range(30)])])
    line = spark(matrix, "net_receive", 290)
    assert value(matrix, "net_receive") == 10.0
    np.testing.assert_array_equal(line, [NAN] * 31 + [10.0] * 29)


def test_late_ticks_fill_the_past_only() -> None:
    """Ticks that arrive late never replace newer values, and fill their place in the sparkline."""
    matrix = matrix_of()
    matrix.update([at(100, 9.0, 1000.0)])
    matrix.update([batch(KNOWN, [(START_MS + 20_000, (1.0, 0.0)), (START_MS + 30_000, (2.0, 50.0))])])
    assert value(matrix, "load1") == 9.0
    assert spark(matrix, "net_receive", 100)[-8] == 5.0


def test_a_past_that_comes_tick_by_tick_has_rates() -> None:
    """Where a host's first new tick comes before its past after a restart, its sparklines are filled nevertheless."""
    matrix = matrix_of()
    matrix.update([at(100, received=1000.0)])
    matrix.update([at(seconds, received=10.0 * seconds) for seconds in range(0, 100, 10)])
    matrix.update([at(110, received=1200.0)])
    assert value(matrix, "net_receive") == 20.0
    np.testing.assert_array_equal(spark(matrix, "net_receive", 110)[-12:], [NAN] + [10.0] * 9 + [NAN, 20.0])


def test_no_rate_across_a_gap() -> None:
    """After a gap the first tick has no rates, because nobody knows what happened in between."""
    matrix = matrix_of()
    matrix.update([at(0, received=100.0)])
    matrix.update([at(60, received=700.0)])
    assert np.isnan(value(matrix, "net_receive"))


def test_no_rate_across_schemas() -> None:
    """When a host's series change, the first tick of the new ones has no rates."""
    matrix = matrix_of()
    matrix.update([at(0, received=100.0)])
    other = schema(RECEIVED, key=2)
    matrix.update([batch(other, [(START_MS + 10_000, (200.0,))])])
    assert np.isnan(value(matrix, "net_receive"))
    matrix.update([batch(other, [(START_MS + 20_000, (300.0,))])])
    assert value(matrix, "net_receive") == 10.0


def test_a_tick_from_the_future_is_not_shown() -> None:
    """A tick far ahead of the aggregator's clock does not keep real ones from being shown."""
    matrix = matrix_of()
    matrix.update([batch(KNOWN, [(START_MS + 3_600_000, (5.0, 0.0))], received_ms=START_MS)])
    matrix.update([at(10, 1.0)])
    assert value(matrix, "load1") == 1.0


@pytest.mark.parametrize("known", [KNOWN, schema(key=3)])
def test_a_batch_of_gaps_alone_only_shows_life(known: KnownSchema) -> None:
    """A batch without ticks, or without series, tells no more than that the host is there."""
    matrix = matrix_of()
    matrix.update([batch(known, [], received_ms=START_MS + 5)])
    assert matrix.received_ms(1) == START_MS + 5
    assert matrix.latest(1) is None


def test_an_old_arrival_does_not_replace_a_new_one() -> None:
    """When a host was last heard of never goes back."""
    matrix = matrix_of()
    matrix.update([batch(KNOWN, [], received_ms=START_MS + 9), batch(KNOWN, [], received_ms=START_MS)])
    assert matrix.received_ms(1) == START_MS + 9


def test_sparklines_bridge_slots_but_not_gaps() -> None:
    """A slot that a tick just missed repeats the one before; a gap stays empty."""
    matrix = matrix_of(interval_ms=2000)
    for seconds in (0, 20, 60):
        matrix.update([at(seconds, received=seconds * 10.0)])
        matrix.update([at(seconds + 2, received=seconds * 10.0 + 20.0)])
    np.testing.assert_array_equal(
        spark(matrix, "net_receive", 60, interval_ms=2000)[-7:], [10.0, 10.0, 10.0, 10.0, NAN, NAN, 10.0]
    )


def test_sparklines_forget_after_ten_minutes() -> None:
    """What is older than ten minutes is gone from the sparkline."""
    matrix = matrix_of()
    matrix.update([at(0), at(10, received=10.0)])
    assert not np.isnan(spark(matrix, "net_receive", 600)).all()
    assert np.isnan(spark(matrix, "net_receive", 650)).all()


def test_the_matrix_grows() -> None:
    """There is room for as many hosts as come."""
    matrix = matrix_of(200)
    matrix.update([at(0, float(key), key=key) for key in range(1, 201)])
    assert [value(matrix, "load1", key) for key in (1, 64, 65, 200)] == [1.0, 64.0, 65.0, 200.0]
    assert matrix.row(999) is None
    assert matrix.received_ms(999) is None


def test_rates_of_every_series() -> None:
    """Rates of all series are there once two ticks of one schema are."""
    matrix = matrix_of()
    matrix.update([at(0, received=100.0)])
    first = matrix.latest(1)
    assert first is not None
    assert np.isnan(first.rates()).all()
    matrix.update([at(10, received=150.0)])
    latest = matrix.latest(1)
    assert latest is not None
    assert latest.rates()[1] == 5.0
