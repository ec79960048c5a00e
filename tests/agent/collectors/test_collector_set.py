"""The set of collectors: one failure never spoils the tick."""

import logging
import math
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysmon_agent.collectors import REGISTRY, CollectorSet, build
from sysmon_agent.collectors.base import Collector, Context, Readings
from sysmon_agent.config.values import CollectSettings
from sysmon_agent.names import STALE_NAN
from sysmon_agent.wire.decode import check_against, decode_batch, decode_schema
from sysmon_agent.wire.encode import encode_batch, encode_schema, schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair
from tests.support.clock import ManualClock
from tests.support.proc_trees import Machine, by_name, machine_names, rows


class Switchable(Collector):
    """A collector that fails when it is told to."""

    name = "switchable"

    fails = False

    def __init__(self, context: Context | None = None) -> None: ...

    def collect(self) -> Readings:
        if self.fails:
            raise ValueError("no such luck")
        return Readings({("system.uptime",): 1.0, ("system.process.count", "running"): 2.0})


class Steady(Collector):
    name = "steady"

    def __init__(self, context: Context | None = None) -> None: ...

    def collect(self) -> Readings:
        return Readings({("system.cpu.load_average.1m",): 0.5})


def test_a_failure_leaves_the_rest_of_the_tick_whole() -> None:
    """When a collector fails, its series are stale, the others keep their values, and the schema stays the same."""
    switchable = Switchable()
    collectors = CollectorSet([switchable, Steady()], ManualClock())
    before = collectors.tick()
    switchable.fails = True

    after = collectors.tick()

    assert after.schema is before.schema
    assert math.isnan(by_name(after, "system.uptime")[()])
    assert by_name(after, "system.cpu.load_average.1m") == {(): 0.5}


def test_failures_are_counted_by_collector() -> None:
    """`sysmon.agent.collector.failures` counts the ticks at which each collector failed."""
    switchable = Switchable()
    collectors = CollectorSet([switchable, Steady()], ManualClock())
    switchable.fails = True
    collectors.tick()

    failures = by_name(collectors.tick(), "sysmon.agent.collector.failures")

    assert failures == {("switchable",): 2, ("steady",): 0}


def test_a_failure_is_logged_once_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """A collector that goes on failing is logged once, and once more when it works again."""
    switchable = Switchable()
    collectors = CollectorSet([switchable], ManualClock())
    with caplog.at_level(logging.INFO):
        for switchable.fails in (True, True, True, False, False):
            collectors.tick()

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert vars(caplog.records[0])["collector"] == "switchable"
    assert vars(caplog.records[0])["error"] == "ValueError: no such luck"


def test_missing_values_are_the_stale_marker() -> None:
    """A series without a value carries Prometheus's stale marker, bit for bit."""
    switchable = Switchable()
    collectors = CollectorSet([switchable], ManualClock())
    collectors.tick()
    switchable.fails = True
    sampled = collectors.tick()

    position = [series.metric for series in sampled.schema.series].index("system.uptime")

    assert sampled.values[position : position + 1].tobytes() == (0x7FF0000000000002).to_bytes(8, "little")
    assert math.isnan(STALE_NAN)


def test_durations_are_measured() -> None:
    """`sysmon.agent.collector.duration` is the time that a collector took."""
    clock = ManualClock()

    class Slow(Steady):
        name = "slow"

        def collect(self) -> Readings:
            clock.advance(0.25)
            return super().collect()

    assert by_name(CollectorSet([Slow()], clock).tick(), "sysmon.agent.collector.duration") == {("slow",): 0.25}


def test_disabled_collectors_do_not_run(tmp_path: Path) -> None:
    """Collectors named in `collect.disable` are left out, tables included."""
    collectors = Machine("laptop", tmp_path).collectors(disable=("processes", "disks"))

    sampled = collectors.tick()

    assert "processes" not in collectors.names
    assert not by_name(sampled, "system.disk.io")
    assert sampled.tables == ()
    assert sampled.schema.tables == ()


def test_names_are_unique() -> None:
    """Each collector has a name of its own, by which it can be disabled."""
    names = [collector.name for collector in REGISTRY]
    assert len(set(names)) == len(names)


def test_an_unreadable_proc_fails_collectors_and_not_the_tick(tmp_path: Path) -> None:
    """Without any readable /proc there is still a tick: every failure is counted, and nothing is raised."""
    nowhere = CollectSettings(proc=str(tmp_path / "no-proc"), sys=str(tmp_path / "no-sys"))

    sampled = build(nowhere, ManualClock()).tick()

    failures = by_name(sampled, "sysmon.agent.collector.failures")
    working = {name for (name,), count in failures.items() if not count}
    assert working == {"pressure", "temperatures"}  # which a machine may lack
    assert rows(sampled) == []


def test_a_collector_recovers_when_its_file_comes_back(tmp_path: Path) -> None:
    """A file that was missing is opened again at the next tick."""
    machine = Machine("laptop", tmp_path)
    (machine.folder / "proc/uptime").unlink()
    collectors = machine.collectors()
    collectors.tick()
    machine.write("proc/uptime", b"99.00 1.00\n")

    assert by_name(collectors.tick(), "system.uptime") == {(): 99.0}


def test_unknown_names_to_disable_are_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A name in `collect.disable` that no collector has is a warning that lists the names there are."""
    Machine("laptop", tmp_path).collectors(disable=("cpu", "procesess"))
    assert [vars(record)["collector"] for record in caplog.records] == ["procesess"]
    assert "processes" in vars(caplog.records[0])["known"]


def test_a_number_beyond_the_wire_fails_its_collector_only() -> None:
    """A number that no float64 can hold is the failure of its collector, and of nothing else."""

    class Endless(Steady):
        name = "endless"

        def collect(self) -> Readings:
            return Readings({("system.uptime",): 10**400})

    sampled = CollectorSet([Endless(), Steady()], ManualClock()).tick()

    assert by_name(sampled, "sysmon.agent.collector.failures")["endless",] == 1
    assert by_name(sampled, "system.cpu.load_average.1m") == {(): 0.5}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(data=st.data())
def test_whatever_the_kernel_shows_there_is_a_tick(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With any file of /proc or /sys full of garbage there is a tick, and its schema can be sent."""
    machine = Machine(data.draw(st.sampled_from(machine_names())), tmp_path_factory.mktemp("machine"))
    trees = chain.from_iterable((machine.folder / tree).rglob("*") for tree in ("proc", "sys"))
    files = sorted(str(path.relative_to(machine.folder)) for path in trees if path.is_file())
    collectors = machine.collectors()
    collectors.tick()
    for path in data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=5)):
        machine.write(
            path, data.draw(st.binary(max_size=80) | st.text("0123456789 \n:()-", max_size=80).map(str.encode))
        )

    sampled = collectors.tick()

    assert decode_schema(encode_schema(sampled.schema)) == sampled.schema
    assert len(sampled.values) == len(sampled.schema.series)


@pytest.mark.parametrize("name", machine_names())
def test_every_tick_can_be_sent(name: str, tmp_path: Path) -> None:
    """The schema, values and tables of each recorded machine survive the wire."""
    sampled = Machine(name, tmp_path).collectors().tick()
    hash_ = schema_hash(sampled.schema)
    sent = Batch(bytes(16), 1, (1,), (1,), sampled.values.tobytes(), hash_, ClockPair(1, 1), tables=sampled.tables)

    received = decode_batch(encode_batch(sent))

    check_against(received, sampled.schema)
    assert received.columns == sent.columns
