import numpy as np
import pytest

from sysmon_agent.names import METRICS, Kind
from sysmon_agent.wire.decode import decode_schema
from sysmon_agent.wire.encode import encode_schema
from sysmon_appliance.demo.fleet import characters
from sysmon_appliance.demo.machine import Machine
from sysmon_appliance.demo.recording import Signals, load
from tests.support.demo import FLAT

NOW_MS = 1_800_000_000_000
TICKS = 50
SECONDS = 2.0


def machine(position: int, signals: Signals = FLAT) -> Machine:
    return Machine(characters(position + 1)[position], signals, now_ms=NOW_MS)


def run(machine: Machine) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return float64 [series, ticks]."""
    return np.stack([np.frombuffer(machine.advance(SECONDS)[0]) for _ in range(TICKS)], axis=1)


def rows(machine: Machine, metric: str, *attributes: tuple[str, str]) -> list[int]:
    series = machine.schema.series
    return [n for n, one in enumerate(series) if one.metric == metric and set(attributes) <= set(one.attributes)]


@pytest.mark.parametrize("position", range(8))
def test_schema_is_one_that_an_agent_could_send(position: int) -> None:
    """Each role's series have metrics, attributes and an order that the decoder accepts."""
    schema = machine(position).schema
    assert decode_schema(encode_schema(schema)) == schema
    for one in schema.series:
        assert [key for key, _ in one.attributes] == sorted(METRICS[one.metric].attributes)


@pytest.mark.parametrize("position", range(8))
def test_counters_only_grow(position: int) -> None:
    """No counter of a simulated host ever goes back, with the signals of the real recording."""
    simulated = machine(position, load())
    values = run(simulated)
    counters = [n for n, one in enumerate(simulated.schema.series) if METRICS[one.metric].kind is Kind.COUNTER]
    assert (np.diff(values[counters], axis=1) >= 0).all()
    assert np.isfinite(values).all()


@pytest.mark.parametrize("position", range(8))
def test_a_core_spends_as_much_time_as_passes(position: int) -> None:
    """The modes of each simulated core add up to the time that passed, and none is negative."""
    simulated = machine(position, load())
    values = run(simulated)
    spent = np.diff(values[rows(simulated, "system.cpu.time", ("cpu.logical_number", "1"))], axis=1)
    assert np.allclose(spent.sum(axis=0), SECONDS)


@pytest.mark.parametrize("position", range(8))
def test_parts_add_up_to_the_whole(position: int) -> None:
    """Memory and space of a simulated host, by state, add up to their limits."""
    simulated = machine(position, load())
    values = run(simulated)
    for part, whole in (
        ("system.memory.usage", "system.memory.limit"),
        ("system.filesystem.usage", "system.filesystem.limit"),
    ):
        total = values[rows(simulated, part)].sum(axis=0)
        assert np.allclose(total, values[rows(simulated, whole)[0]], rtol=1e-3), part


def test_busy_stays_below_all_cores() -> None:
    """The busiest moment of the recording does not make a host busier than its cores."""
    peaks = Signals(dict.fromkeys(FLAT.shapes, (4.0,)))
    simulated = machine(5, peaks)
    values = run(simulated)
    idle = np.diff(values[rows(simulated, "system.cpu.time", ("cpu.mode", "idle"))], axis=1)
    assert (idle >= 0).all()


def test_process_table_has_the_columns_of_an_agent() -> None:
    """The simulated process table fits its schema and names what such a host would run."""
    _, table = machine(0).advance(SECONDS)
    assert len(table.columns) == len(machine(0).schema.tables[0].columns)
    assert "postgres" in table.columns[1]


def test_recording_moves() -> None:
    """The packed recording has the signals of more than ten minutes, each around its mean."""
    shapes = load().shapes
    assert len(shapes["user"]) > 300
    assert all(min(shape) >= 0 for shape in shapes.values())
    assert np.std(shapes["user"]) > 0.05
