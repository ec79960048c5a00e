"""Our collectors of this machine beside psutil's view of it, and the portable set, which is psutil's."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.collectors import REGISTRY, Sampled, build
from sysmon_agent.collectors.portable import PORTABLE_REGISTRY
from sysmon_agent.config.values import CollectSettings
from sysmon_agent.names import METRICS
from tests.support.proc_trees import FullSpool, by_name, rows

SETTINGS = CollectSettings(ignore_interfaces=())

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares the collectors of Linux")


@pytest.fixture(scope="module")
def ours() -> Sampled:
    return build(SETTINGS, SystemClock()).tick()


@pytest.fixture(scope="module")
def portable() -> Sampled:
    return build(SETTINGS, SystemClock(), FullSpool(), platform="darwin").tick()


def test_memory_agrees(ours: Sampled) -> None:
    """The machine's memory and its swap are what psutil says."""
    assert by_name(ours, "system.memory.limit") == {(): psutil.virtual_memory().total}
    assert sum(by_name(ours, "system.paging.usage").values()) == psutil.swap_memory().total


def test_states_of_memory_add_up(ours: Sampled) -> None:
    """Used, free, cached and buffers are together all the memory there is."""
    assert sum(by_name(ours, "system.memory.usage").values()) == psutil.virtual_memory().total


def test_cpus_agree(ours: Sampled) -> None:
    """The number of CPUs is psutil's, and so is their idle time, but for the moment between the two readings."""
    assert by_name(ours, "system.cpu.logical.count") == {(): psutil.cpu_count()}
    idle = {number: seconds for (number, mode), seconds in by_name(ours, "system.cpu.time").items() if mode == "idle"}
    for number, times in enumerate(psutil.cpu_times(percpu=True)):
        assert idle[str(number)] == pytest.approx(times.idle, abs=30)


def test_boot_agrees(ours: Sampled) -> None:
    """Time since boot is what psutil's boot time makes it."""
    uptime = SystemClock().wall_ms() / 1000 - psutil.boot_time()
    assert by_name(ours, "system.uptime")[()] == pytest.approx(uptime, abs=30)


def test_filesystems_agree(ours: Sampled) -> None:
    """Every plain filesystem on a device that psutil lists is measured, with the same size."""
    plain = ("ext2", "ext3", "ext4", "xfs", "vfat")  # others give each subvolume a device number of its own
    devices = {Path(one.mountpoint).stat().st_dev for one in psutil.disk_partitions() if one.fstype in plain}
    limits = by_name(ours, "system.filesystem.limit")
    measured = {Path(mountpoint).stat().st_dev for _, mountpoint, _ in limits}
    assert devices <= measured
    for (_, mountpoint, _), size in limits.items():
        assert size == psutil.disk_usage(mountpoint).total


def test_interfaces_agree(ours: Sampled) -> None:
    """Interfaces and their counters are psutil's; what grew between the readings is small."""
    counters = psutil.net_io_counters(pernic=True)
    measured = by_name(ours, "system.network.io")
    assert {name for name, _ in measured} <= counters.keys()
    for (name, direction), number in measured.items():
        now = counters[name].bytes_recv if direction == "receive" else counters[name].bytes_sent
        assert number <= now


def test_disks_agree(ours: Sampled) -> None:
    """Counters of each disk are psutil's, but for what was read since."""
    counters = psutil.disk_io_counters(perdisk=True)
    for (direction, disk), number in by_name(ours, "system.disk.io").items():
        assert number <= (counters[disk].read_bytes if direction == "read" else counters[disk].write_bytes)


@pytest.mark.parametrize("kind", PORTABLE_REGISTRY, ids=lambda kind: kind.name)
def test_the_portable_set_has_the_same_subjects(kind: type) -> None:
    """Each collector of the portable set is called as one of Linux's, so that settings mean the same everywhere."""
    assert kind.__dict__.get("name", "processes") in {collector.name for collector in REGISTRY}


def test_the_portable_set_measures_the_same_series(ours: Sampled, portable: Sampled) -> None:
    """What the portable set measures are metrics of the table, and most of what Linux's own set measures."""
    measured = {series.metric for series in portable.schema.series}
    assert measured <= METRICS.keys()
    linux_only = {"sysmon.pressure.stall_time", "system.process.created", "system.filesystem.inodes.usage"}
    assert {series.metric for series in ours.schema.series} - measured <= linux_only


def test_the_portable_set_never_fails_here(portable: Sampled) -> None:
    """All collectors of the portable set work on this machine."""
    assert set(by_name(portable, "sysmon.agent.collector.failures").values()) == {0.0}


def test_the_portable_set_lists_processes(portable: Sampled) -> None:
    """The table of processes is the same, with this very process counted."""
    names = {str(row["name"]) for row in rows(portable)}
    assert names
    assert sum(by_name(portable, "system.process.count").values()) >= len(names)


def loaded_modules() -> Iterator[str]:
    program = (
        "import sys; from sysmon_agent.collectors import build; from sysmon_agent.clock import SystemClock;"
        "from sysmon_agent.config.values import CollectSettings;"
        "build(CollectSettings(), SystemClock()).tick(); print('\\n'.join(sys.modules))"
    )
    yield from subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()


def test_linux_never_loads_psutil() -> None:
    """A tick on Linux loads neither psutil nor any other module that costs megabytes."""
    costly = {"psutil", "subprocess", "json", "yaml", "asyncio", "sysmon_agent.collectors.portable"}
    assert not costly & set(loaded_modules())
