"""Parsers of the kernel's files: what they read, and that nothing but a ValueError comes of garbage."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.collectors.cpu import MODES, parse_stat
from sysmon_agent.collectors.disks import parse_diskstats
from sysmon_agent.collectors.load import parse_loadavg
from sysmon_agent.collectors.memory import parse_meminfo
from sysmon_agent.collectors.mounts import parse_mountinfo
from sysmon_agent.collectors.network import parse_net_dev
from sysmon_agent.collectors.paging import parse_vmstat
from sysmon_agent.collectors.pressure import parse_pressure
from sysmon_agent.collectors.process_files import parse_io, parse_process_stat
from sysmon_agent.collectors.temperatures import parse_millidegrees
from sysmon_agent.collectors.uptime import parse_uptime
from tests.support.proc_trees import TREES

PARSERS: dict[str, Callable[[bytes], Any]] = {
    "stat": parse_stat,
    "diskstats": parse_diskstats,
    "loadavg": parse_loadavg,
    "meminfo": parse_meminfo,
    "self/mountinfo": parse_mountinfo,
    "net/dev": parse_net_dev,
    "vmstat": parse_vmstat,
    "pressure/io": parse_pressure,
    "505/stat": parse_process_stat,
    "505/io": parse_io,
    "uptime": parse_uptime,
}
RECORDED = {path: (TREES / "laptop" / "proc" / path).read_bytes() for path in PARSERS}


@pytest.mark.parametrize("path", PARSERS)
@given(data=st.data())
def test_garbage_is_at_worst_a_value_error(path: str, data: st.DataObject) -> None:
    """Arbitrary, cut and altered contents give values or a ValueError, never another failure."""
    content = data.draw(st.one_of(st.binary(max_size=300), altered(RECORDED[path])))
    with suppress(ValueError):
        PARSERS[path](content)


@st.composite
def altered(draw: st.DrawFn, content: bytes) -> bytes:
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    return content[:start] + draw(st.binary(max_size=12)) + content[end:]


def test_guests_are_not_counted_twice() -> None:
    """The time of guests, which Linux counts as user time too, is left out of the user time."""
    cpus, _ = parse_stat(b"cpu  1 1\ncpu0 1000 50 0 0 0 0 0 0 400 20\nintr 1\nprocesses 7\n")
    assert dict(zip(MODES, cpus["0"], strict=True)) == dict.fromkeys(MODES, 0.0) | {"user": 6.0, "nice": 0.3}


def test_old_kernels_have_fewer_modes() -> None:
    """Modes that an old kernel does not count are zero."""
    cpus, created = parse_stat(b"cpu  1 1\ncpu0 100 0 200 300\nintr 1\nprocesses 7\n")
    assert cpus["0"] == [1.0, 0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0]
    assert created == 7


@pytest.mark.parametrize(
    "name",
    [b"plain", b"with blanks", b"(sd-pam)", b"a) b (c", b") R 1 2 3", b"", b"caf\xe9", b"tab\there"],
)
def test_names_of_processes_may_hold_anything(name: bytes) -> None:
    """A name with blanks, parentheses or broken UTF-8 does not confuse the fields after it."""
    fields = b"S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 3 0 12345 0 77 0 0\n"

    process = parse_process_stat(b"42 (" + name + b") " + fields)

    assert (process.pid, process.state, process.cpu_seconds, process.threads) == (42, "sleeping", 2.0, 3)
    assert process.name.isprintable()


@pytest.mark.parametrize(
    ("word", "degrees"),
    [("45500", 45.5), ("-5000", -5.0), ("0", 0.0), ("-128000", None), ("255000", None), ("", None), ("n/a", None)],
)
def test_senseless_temperatures_are_left_out(word: str, degrees: float | None) -> None:
    """A sensor that is not connected shows nonsense, and is left out."""
    assert parse_millidegrees(word) == degrees
