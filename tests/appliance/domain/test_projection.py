import math

import numpy as np
import pytest

from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.canonical import NAMES, POSITION
from sysmon_appliance.domain.projection import Transition, canonical, project
from tests.support.head import machine, schema, series

Values = dict[str, float]


def shown(lines: dict[Series, tuple[float, float]], seconds: float = 10.0) -> Values:
    """Compute a host's canonical metrics from (value before, value now) of each series."""
    projection = project(schema(*lines))
    before, now = np.array(list(lines.values())).T
    columns = projection.terms.columns
    values = canonical([Transition(projection, now[columns], before[columns], seconds)])[0]
    return {name: float(values[position]) for name, position in POSITION.items()}


def cpu(core: int, mode: str) -> Series:
    return series("system.cpu.time", cpu__logical_number=str(core), cpu__mode=mode)


def test_cpu_is_the_busy_share_of_all_cores() -> None:
    """The cpu metric counts neither idle time nor time waiting for disks, over all cores together."""
    values = shown(
        {
            cpu(0, "user"): (100.0, 106.0),
            cpu(0, "idle"): (500.0, 504.0),
            cpu(1, "user"): (100.0, 100.0),
            cpu(1, "idle"): (500.0, 508.0),
            cpu(1, "iowait"): (10.0, 12.0),
        }
    )
    assert values["cpu"] == pytest.approx(0.3)
    assert values["iowait"] == pytest.approx(0.1)


def test_memory_is_what_programs_cannot_get() -> None:
    """Memory in use is the limit less what is still available."""
    values = shown(
        {
            series("system.memory.limit"): (1000.0, 1000.0),
            series("system.memory.linux.available"): (400.0, 250.0),
            series("system.paging.usage", system__paging__state="used"): (0.0, 25.0),
            series("system.paging.usage", system__paging__state="free"): (0.0, 75.0),
        }
    )
    assert (values["memory"], values["memory_used"], values["memory_limit"]) == (0.75, 750.0, 1000.0)
    assert values["swap"] == 0.25


def test_no_swap_space_has_no_used_share() -> None:
    """A host without swap space shows no value for it, rather than zero."""
    values = shown(
        {
            series("system.paging.usage", system__paging__state="used"): (0.0, 0.0),
            series("system.paging.usage", system__paging__state="free"): (0.0, 0.0),
        }
    )
    assert math.isnan(values["swap"])


def test_the_fullest_filesystem_counts() -> None:
    """The filesystem metric is that of the fullest one, and space reserved for root counts as neither used nor free."""

    def space(point: str, state: str) -> Series:
        return series("system.filesystem.usage", system__filesystem__mountpoint=point, system__filesystem__state=state)

    values = shown(
        {
            space("/", "used"): (50.0, 50.0),
            space("/", "free"): (50.0, 50.0),
            space("/", "reserved"): (100.0, 100.0),
            space("/var", "free"): (10.0, 10.0),
            space("/var", "used"): (90.0, 90.0),
        }
    )
    assert values["filesystem"] == pytest.approx(0.9)


def test_devices_are_added_up_and_the_busiest_counts() -> None:
    """Bytes are added over devices; of busy times the largest counts."""
    values = shown(
        {
            series("system.disk.io", system__device="sda", disk__io__direction="read"): (0.0, 100.0),
            series("system.disk.io", system__device="sdb", disk__io__direction="read"): (0.0, 300.0),
            series("system.disk.io_time", system__device="sda"): (0.0, 1.0),
            series("system.disk.io_time", system__device="sdb"): (0.0, 9.0),
            series("system.network.io", network__interface__name="e0", network__io__direction="receive"): (0.0, 70.0),
            series("hw.temperature", hw__id="a"): (40.0, 41.0),
            series("hw.temperature", hw__id="b"): (40.0, 55.0),
        }
    )
    assert (values["disk_read"], values["disk_busy"], values["temperature"]) == (40.0, 0.9, 55.0)
    assert values["net_receive"] == 7.0
    assert math.isnan(values["net_transmit"])


def test_pressure_is_the_share_of_some() -> None:
    """Pressure counts time in which some task waited, not that in which all did."""

    def stall(kind: str) -> Series:
        return series("sysmon.pressure.stall_time", sysmon__pressure__resource="io", sysmon__pressure__kind=kind)

    values = shown({stall("some"): (0.0, 5.0), stall("full"): (0.0, 3.0)})
    assert values["pressure_io"] == 0.5
    assert math.isnan(values["pressure_cpu"])


def test_a_reset_counter_has_no_rate() -> None:
    """After a counter was reset its metric is missing for one tick, never negative or huge."""
    values = shown({series("system.disk.io", system__device="sda", disk__io__direction="read"): (1e12, 100.0)})
    assert math.isnan(values["disk_read"])


def test_without_a_tick_before_gauges_show() -> None:
    """A host's first tick shows gauges; rates wait for the second."""
    lines = machine()
    projection = project(schema(*lines))
    now = np.arange(1.0, len(lines) + 1)
    values = canonical([Transition(projection, now[projection.terms.columns])])[0]
    assert not math.isnan(values[POSITION["memory_limit"]])
    assert math.isnan(values[POSITION["cpu"]])


def test_hosts_of_different_schemas_are_computed_together() -> None:
    """A host's values do not depend on which hosts it is computed with."""
    rng = np.random.default_rng(4)
    transitions = []
    for key, lines in enumerate((machine(cores=1), [], machine(cores=3, disks=("a", "b")), machine(nics=()))):
        projection = project(schema(*lines, series("system.uptime"), key=key))
        now = rng.random(len(lines) + 1) * 1000
        columns = projection.terms.columns
        transitions.append(Transition(projection, now[columns], now[columns] * 0.5, 10.0))
    together = canonical(transitions)
    for transition, values in zip(transitions, together, strict=True):
        np.testing.assert_array_equal(canonical([transition])[0], values)


def test_a_schema_without_known_series_has_no_values() -> None:
    """A host that sends nothing canonical has no values at all."""
    projection = project(schema(series("hw.network.up", network__interface__name="eth0")))
    now = np.array([1.0])
    assert np.isnan(canonical([Transition(projection, now[projection.terms.columns])])).all()
    assert len(NAMES) == 19
