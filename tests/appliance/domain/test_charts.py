import numpy as np

from sysmon_appliance.domain import charts
from sysmon_appliance.domain.line_reader import LineReader
from tests.support.head import START_MS, machine, schema, series


def names(*lines: object, chart: str) -> list[str]:
    plan = charts.plan(schema(*lines))  # type: ignore[arg-type]
    return [label.name for label in plan.labels if label.chart == chart]


def test_every_chart_has_lines_on_an_ordinary_host() -> None:
    """On an ordinary host every chart but those of operations has something to show."""
    shown = {label.chart for label in charts.plan(schema(*machine())).labels}
    assert {chart.name for chart in charts.CHARTS} - shown == {"disk_operations"}


def test_lines_are_named_by_what_tells_them_apart() -> None:
    """Lines bear the names that operators know their devices by."""
    lines = machine(cores=2, disks=("sda",), nics=("eth0",))
    assert names(*lines, chart="cores") == ["cpu0", "cpu1"]
    assert names(*lines, chart="disk_io") == ["sda read", "sda write"]
    assert names(*lines, chart="network_errors") == ["eth0 receive errors", "eth0 transmit errors"]
    assert names(*lines, chart="filesystem") == ["/", "/var"]
    assert names(*lines, chart="pressure") == ["cpu some", "memory some", "io some"]
    assert names(*lines, chart="memory") == ["used", "cached", "buffers", "free"]
    assert names(*lines, chart="uptime") == ["uptime"]


def test_cores_are_in_numeric_order() -> None:
    """Core 10 comes after core 9."""
    assert names(*machine(cores=11), chart="cores")[-2:] == ["cpu9", "cpu10"]


def test_two_lines_of_one_name() -> None:
    """Two lines that would have the same name can be told apart."""
    sensors = [series("hw.temperature", hw__id="k10"), series("hw.temperature", hw__id="k10", hw__sensor_location="")]
    assert names(*sensors, chart="temperature") == ["k10", "k10 (2)"]


def test_too_many_lines_are_left_out() -> None:
    """A chart has no more lines than can be drawn."""
    lines = [series("system.disk.io_time", system__device=f"d{number}") for number in range(500)]
    assert len(names(*lines, chart="disk_busy")) == charts.MAX_LINES


def test_cpu_modes_add_up_to_the_busy_share() -> None:
    """CPU modes are shares of all cores, so stacking them gives the busy share."""
    lines = [
        series("system.cpu.time", cpu__logical_number=core, cpu__mode=m) for core in "01" for m in ("user", "idle")
    ]
    known = schema(*lines)
    reader = LineReader(charts.plan, 10_000)
    t = np.array([START_MS, START_MS + 10_000], np.int64)
    found = reader.read(known, t, np.array([[0.0, 5.0], [0.0, 5.0], [0.0, 1.0], [0.0, 9.0]]))
    shown = dict(zip(found.labels, found.points.values[:, 1].tolist(), strict=True))
    assert shown == {
        charts.Label("cpu", "user"): 0.3,
        charts.Label("cores", "cpu0"): 0.5,
        charts.Label("cores", "cpu1"): 0.1,
    }
