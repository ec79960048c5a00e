"""Which interfaces and disks are measured."""

from pathlib import Path

from tests.support.proc_trees import Machine, by_name


def test_ignored_interfaces_are_not_measured(tmp_path: Path) -> None:
    """Interfaces whose names match a pattern of the settings are left out."""
    sampled = Machine("laptop", tmp_path).collectors(ignore_interfaces=("lo", "tun*")).tick()
    assert {name for name, _ in by_name(sampled, "system.network.io")} == {"wlp2s0"}


def test_interfaces_built_on_others_are_not_counted_twice(tmp_path: Path) -> None:
    """A bond is left out, and the interfaces below it are measured."""
    sampled = Machine("database-server", tmp_path).collectors().tick()
    assert {name for name, _ in by_name(sampled, "system.network.io")} == {"eno1", "eno2", "eno3"}


def test_an_interface_that_is_down_has_no_speed(tmp_path: Path) -> None:
    """An interface without a link shows that it is down, and no speed."""
    sampled = Machine("database-server", tmp_path).collectors().tick()
    assert by_name(sampled, "hw.network.up")["eno3",] == 0
    assert ("eno3",) not in by_name(sampled, "hw.network.bandwidth.limit")
    assert by_name(sampled, "hw.network.bandwidth.limit")["eno1",] == 10_000_000_000 / 8


def test_a_new_interface_is_measured_at_the_next_tick(tmp_path: Path) -> None:
    """An interface that appears while the agent runs gets its series."""
    machine = Machine("single-board", tmp_path)
    collectors = machine.collectors()
    collectors.tick()
    dev = (machine.folder / "proc/net/dev").read_bytes()
    machine.write("proc/net/dev", dev + b"  usb0: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0\n")

    assert ("usb0", "receive") in by_name(collectors.tick(), "system.network.io")


def test_only_whole_disks_are_measured(tmp_path: Path) -> None:
    """Partitions, RAID, device mapper, RAM disks and loops are left out; a slash in a name is no obstacle."""
    sampled = Machine("database-server", tmp_path).collectors().tick()
    assert {disk for (disk,) in by_name(sampled, "system.disk.io_time")} == {"nvme0n1", "nvme1n1", "cciss/c0d0"}


def test_bytes_of_disks_are_512_per_sector(tmp_path: Path) -> None:
    """The kernel counts sectors of 512 bytes, whatever the disk's own are."""
    sampled = Machine("single-board", tmp_path).collectors().tick()
    assert by_name(sampled, "system.disk.io")["read", "mmcblk0"] == 400_000 * 512
