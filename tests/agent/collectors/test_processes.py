"""Processes: counts by state, and which ones get a row."""

import math
import os
import shutil
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.collectors.process_files import Process, ProcessFiles, ProcessIo, StatFiles, parse_process_stat
from sysmon_agent.collectors.process_ranks import CANDIDATES_PER_PLACE, CpuMeter, IoMeter, by_memory, io_candidates
from sysmon_agent.collectors.processes import BootMoment
from sysmon_agent.collectors.users import UserNames
from tests.support.clock import ManualClock
from tests.support.proc_trees import Machine, by_name, rows


def process(
    pid: int, cpu_seconds: float = 0, *, started: float = 1, resident: int = 0, state: str = "sleeping"
) -> Process:
    return Process(pid, f"process-{pid}", state, cpu_seconds, 1, started, resident)


def by_pid(*processes: Process) -> dict[int, Process]:
    return {one.pid: one for one in processes}


def test_shares_are_of_one_core() -> None:
    """A process that used two seconds of CPU within one second has a share of 2.0."""
    meter = CpuMeter()
    meter.shares(by_pid(process(1, 10), process(2, 5)), 100.0)
    assert meter.shares(by_pid(process(1, 12), process(2, 5)), 101.0) == {1: 2.0, 2: 0.0}


def test_the_first_tick_has_no_shares() -> None:
    """What a process used before the agent looked is no share of any tick."""
    assert CpuMeter().shares(by_pid(process(1, 1000)), 100.0) == {}


def test_a_new_process_counts_from_its_start() -> None:
    """A process that started since the tick before counts with all that it used."""
    meter = CpuMeter()
    meter.shares(by_pid(process(1, started=50)), 100.0)
    assert meter.shares(by_pid(process(1, started=50), process(2, 3, started=101)), 110.0)[2] == 0.3


def test_a_number_that_is_used_again_is_another_process() -> None:
    """A process that got the number of one that ended does not inherit its CPU time."""
    meter = CpuMeter()
    meter.shares(by_pid(process(7, 500, started=50)), 100.0)
    assert meter.shares(by_pid(process(7, 1, started=105)), 110.0) == {7: 0.1}


def test_a_process_that_was_hidden_is_no_new_one() -> None:
    """An old process that becomes visible does not show the CPU time of its whole life as one tick's."""
    meter = CpuMeter()
    meter.shares(by_pid(process(1, started=50)), 100.0)
    assert meter.shares(by_pid(process(1, started=50), process(2, 9000, started=10)), 110.0)[2] == 0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 100_000)), min_size=2, max_size=10))
def test_shares_are_never_negative(steps: list[tuple[float, int]]) -> None:
    """Counters that go backwards and clocks that stand still make no nonsense."""
    meter, now = CpuMeter(), 0.0
    for cpu_seconds, elapsed_ms in steps:
        now += elapsed_ms / 1000
        shares = meter.shares(by_pid(process(1, cpu_seconds)), now)
        assert all(share >= 0 and math.isfinite(share) for share in shares.values())


def test_rates_need_two_readings() -> None:
    """Bytes per second are known from the second reading of a process on."""
    meter = IoMeter()
    assert meter.rates({process(1): ProcessIo(100, 1000)}, 10.0) == {}
    assert meter.rates({process(1): ProcessIo(200, 5000), process(2): ProcessIo(9, 9)}, 20.0) == {1: (10, 400)}


def test_threads_of_the_kernel_have_no_rank_by_memory() -> None:
    """Processes without resident memory get no row for it."""
    assert by_memory(by_pid(process(1), process(2, resident=10), process(3, resident=20)), 5) == [3, 2]


def test_reading_of_traffic_is_bounded() -> None:
    """However many processes are busy, the I/O of four per place is read: ranked ones first, then waiting ones."""
    processes = by_pid(*(process(pid, state="uninterruptible" if pid < 3 else "sleeping") for pid in range(500)))
    shares = {pid: pid / 1000 for pid in range(500)}

    candidates = io_candidates([42, 7, 9999], processes, shares, 5)

    assert candidates[:5] == [42, 7, 0, 1, 2]
    assert candidates[5] == 499
    assert len(candidates) == 5 * CANDIDATES_PER_PLACE


def test_a_process_that_vanishes_while_it_is_read_is_no_error(tmp_path: Path) -> None:
    """A process without a readable stat file, as one that just ended, is not there; nothing fails."""
    machine = Machine("laptop", tmp_path)
    (machine.folder / "proc/505/stat").unlink()
    collectors = machine.collectors()
    collectors.tick()
    shutil.rmtree(machine.folder / "proc/504")
    machine.write("proc/501/stat", b"501 (cut sho")

    sampled = collectors.tick()

    assert by_name(sampled, "sysmon.agent.collector.failures")["processes",] == 0
    assert not {501, 504, 505} & {row["pid"] for row in rows(sampled)}


def test_a_process_that_vanishes_between_two_files_keeps_its_row(tmp_path: Path) -> None:
    """A process whose command line and traffic are gone a moment later is shown with what was read before."""
    machine = Machine("laptop", tmp_path)
    for file in ("cmdline", "io"):
        (machine.folder / "proc/505" / file).unlink()

    row = next(row for row in rows(machine.collectors().tick()) if row["pid"] == 505)

    assert (row["name"], row["command"]) == ("java", "")
    assert math.isnan(float(str(row["read"])))


def test_top_processes_are_bounded_by_the_setting(tmp_path: Path) -> None:
    """Each ranking keeps as many processes as the settings say; with 0 there are no rows, and states are counted."""
    machine = Machine("database-server", tmp_path)
    few = machine.collectors(top_processes=2)
    few.tick()
    none = machine.collectors(top_processes=0)
    none.tick()
    machine.let_time_pass()

    kept, counted = few.tick(), none.tick()

    assert 2 <= len(rows(kept)) <= 6
    assert rows(counted) == []
    assert sum(by_name(counted, "system.process.count").values()) == 27


def test_command_lines_follow_the_setting(tmp_path: Path) -> None:
    """Command lines are redacted, left out, or sent in full, as `collect.command_lines` says."""
    machine = Machine("laptop", tmp_path)

    def command(choice: str) -> object:
        sampled = machine.collectors(command_lines=choice).tick()
        return next(row["command"] for row in rows(sampled) if row["name"] == "mysql")

    assert command("redacted") == "mysql -uroot -p*** ***"
    assert command("full") == "mysql -uroot -psecret shop"
    assert command("none") == ""


def test_the_moment_of_boot_does_not_jitter() -> None:
    """The start of a process is a constant while clocks drift by fractions of a second, and moves when time is set."""
    clock = ManualClock(wall_ms=1_800_000_000_000, boot_ms=1_000_000)
    boot = BootMoment(clock)
    first = boot.seconds()
    clock.wall += 400
    assert boot.seconds() == first
    clock.wall += 3_600_000
    assert boot.seconds() == first + 3600.4


def test_users_without_a_name_are_shown_by_number() -> None:
    """A user id that no directory knows is shown as the number; others by name."""
    names = UserNames()
    assert names(4_123_456) == "4123456"
    assert names(0) == "root"
    assert names(0) == "root"


def test_this_very_process_is_seen() -> None:
    """On the machine at hand, the process that looks finds itself."""
    found = {one.pid: one for one in ProcessFiles("/proc", str).scan()}
    assert found[os.getpid()].resident_bytes > 0


def test_the_command_of_a_process_that_waits_for_a_disk_is_not_read(tmp_path: Path) -> None:
    """A process that waits for a disk may block whoever reads its command line, so what was read before is shown."""
    machine = Machine("database-server", tmp_path)
    collectors = machine.collectors()
    collectors.tick()
    machine.let_time_pass()
    machine.write("proc/2024/stat", (machine.folder / "proc/2024/stat").read_bytes().replace(b") S ", b") D "))
    for pid in (2023, 2024):
        machine.write(f"proc/{pid}/cmdline", b"changed\0")

    commands = {row["pid"]: row["command"] for row in rows(collectors.tick())}

    assert commands[2023] == "changed"
    assert commands[2024] == "postgres: app orders 10.0.0.24 SELECT"


def test_files_of_processes_that_ended_are_closed() -> None:
    """Of each living process one file is kept open, and of one that ended none."""
    files = StatFiles("/proc")
    child = subprocess.Popen(["sleep", "60"])
    list(files.read())
    kept = files._open[str(child.pid)]
    child.kill()
    child.wait()

    shown = [parse_process_stat(data).pid for data in files.read()]

    assert child.pid not in shown
    assert str(child.pid) not in files._open
    assert not Path(f"/proc/self/fd/{kept}").exists() or kept in files._open.values()


def test_a_number_that_is_used_again_is_read_from_its_new_owner(tmp_path: Path) -> None:
    """When the kept-open file of a process cannot be read any more, that of the number's new owner is."""
    machine = Machine("laptop", tmp_path)
    files = StatFiles(str(machine.folder / "proc"))
    list(files.read())
    os.close(files._open["510"])
    files._open["510"] = os.open(tmp_path, os.O_RDONLY)  # reading it fails, as that of a process that has ended

    assert 510 in [parse_process_stat(data).pid for data in files.read()]


def test_few_files_are_kept_open(tmp_path: Path) -> None:
    """However many processes there are, a bounded number of files is kept open, and every process is read."""
    for pid in range(1, StatFiles.KEPT_OPEN + 100):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_bytes(b"%d (many) S 1" % pid)
    files = StatFiles(str(tmp_path))

    for _ in range(2):
        assert len(list(files.read())) == StatFiles.KEPT_OPEN + 99
    assert len(files._open) <= StatFiles.KEPT_OPEN
