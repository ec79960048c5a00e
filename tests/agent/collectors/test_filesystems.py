"""Which filesystems are measured, and that a dead one hangs nothing."""

import math
import os
import threading
from dataclasses import replace
from pathlib import Path

from sysmon_agent.collectors import assemble
from sysmon_agent.collectors.filesystems import Filesystems
from sysmon_agent.collectors.mounts import parse_mountinfo, worth_measuring
from sysmon_agent.collectors.probe import Probe
from tests.support.proc_trees import Machine, by_name

ANSWER = os.statvfs_result((4096, 4096, 100, 50, 40, 10, 5, 5, 0, 255))


class DeadServer:
    """A statvfs that hangs on some mounts until it is released, and counts the questions."""

    def __init__(self, *hanging: bytes) -> None:
        self.hanging = set(hanging)
        self.released = threading.Event()
        self.asked: list[bytes] = []

    def __call__(self, path: bytes) -> os.statvfs_result:
        self.asked.append(path)
        if path in self.hanging:
            self.released.wait(60)
        if path == b"/gone":
            raise FileNotFoundError(path)
        return ANSWER


def chosen(mountinfo: bytes, *ignored: str) -> dict[bytes, str]:
    return {mount.mountpoint: mount.type for mount in worth_measuring(parse_mountinfo(mountinfo), ignored)}


def test_one_mount_per_filesystem() -> None:
    """Bind mounts and subvolumes are the same filesystem and are measured once, at the mount that shows its root."""
    mountinfo = b"1 0 8:1 /srv /bind rw - ext4 /dev/sda1 rw\n2 0 8:1 / /a/long/path rw - ext4 /dev/sda1 rw\n"
    assert chosen(mountinfo) == {b"/a/long/path": "ext4"}


def test_the_shortest_path_stands_for_a_filesystem() -> None:
    """Of several mounts alike, the one with the shortest path is measured."""
    mountinfo = b"1 0 0:9 /@home /var/home rw - btrfs /dev/sda1 rw\n2 0 0:9 /@ /home rw - btrfs /dev/sda1 rw\n"
    assert chosen(mountinfo) == {b"/home": "btrfs"}


def test_hidden_mounts_are_not_measured() -> None:
    """A filesystem over whose path another was mounted cannot be reached, and is left out."""
    mountinfo = b"1 0 8:1 / /mnt rw - ext4 /dev/sda1 rw\n2 1 8:2 / /mnt rw - xfs /dev/sdb1 rw\n"
    assert chosen(mountinfo) == {b"/mnt": "xfs"}


def test_ignored_and_pseudo_types_are_not_measured() -> None:
    """Types that the settings ignore, and what the kernel shows of itself, are left out."""
    mountinfo = (
        b"1 0 0:1 / /proc rw - proc proc rw\n2 0 0:2 / /tmp rw - tmpfs tmpfs rw\n"
        b"3 0 0:3 / /sys/fs/bpf rw - bpf none rw\n4 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
    )
    assert chosen(mountinfo, "tmpfs") == {b"/": "ext4"}


def test_escapes_in_paths_are_undone() -> None:
    """Blanks, tabs, line ends and backslashes in a path are what they were before the kernel escaped them."""
    assert chosen(rb"1 0 8:1 / /a\040b\011c\012d\134e rw - ext4 /dev/sda1 rw") == {b"/a b\tc\nd\\e": "ext4"}


def test_optional_fields_do_not_matter() -> None:
    """The kernel's optional fields, none or several, are skipped."""
    mountinfo = b"1 0 8:1 / /a rw shared:1 master:2 unbindable - ext4 /dev/sda1 rw\n2 0 8:2 / /b rw - xfs /dev/sdb rw\n"
    assert chosen(mountinfo) == {b"/a": "ext4", b"/b": "xfs"}


def test_network_and_fuse_filesystems_are_remote() -> None:
    """Filesystems that another machine or program answers for are asked with a deadline, those on disks are not."""
    types = (b"nfs4", b"nfs", b"cifs", b"smb3", b"fuse.sshfs", b"fuse", b"ceph", b"9p", b"fuseblk", b"ext4", b"zfs")
    lines = [b"1 0 0:%d / /%s rw - %s source rw" % (number, name, name) for number, name in enumerate(types)]

    remote = {mount.type for mount in parse_mountinfo(b"\n".join(lines)) if mount.is_remote}

    assert remote == {"nfs4", "nfs", "cifs", "smb3", "fuse.sshfs", "fuse", "ceph", "9p"}


def test_a_dead_server_hangs_nothing() -> None:
    """A mount that does not answer in time has no answer; the others do."""
    server = DeadServer(b"/dead")
    answers = Probe(server, patience=0.05).ask([b"/dead", b"/alive", b"/gone"])
    server.released.set()
    assert answers == {b"/alive": ANSWER}


def test_a_hanging_mount_is_not_asked_again() -> None:
    """While one question hangs, no second one is put to the same mount: threads do not pile up."""
    server = DeadServer(b"/dead")
    probe = Probe(server, patience=0.05)
    for _ in range(5):
        probe.ask([b"/dead"])
    server.released.set()
    assert server.asked == [b"/dead"]


def test_a_mount_that_hangs_costs_no_further_time() -> None:
    """Only the first question to a dead server is waited for."""
    server = DeadServer(b"/dead")
    Probe(server, patience=0.05).ask([b"/dead"])
    probe = Probe(server, patience=3600)
    probe._hanging = {b"/dead": threading.current_thread()}
    assert probe.ask([b"/dead"]) == {}
    server.released.set()


def test_a_mount_that_answers_again_is_measured_again() -> None:
    """When the server is back, its mounts have values at the next tick."""
    server = DeadServer(b"/dead")
    probe = Probe(server, patience=0.05)
    probe.ask([b"/dead"])
    server.hanging.clear()
    server.released.set()
    for thread in probe._hanging.values():
        thread.join(10)
    assert probe.ask([b"/dead"]) == {b"/dead": ANSWER}


def test_a_dead_mount_is_stale_and_the_rest_goes_on(tmp_path: Path) -> None:
    """While a network filesystem hangs, its series have no values, and those of the other filesystems do."""
    machine = Machine("database-server", tmp_path)
    server = DeadServer()
    context = replace(machine.context(), statvfs=lambda path: (server(path), machine.statvfs(path))[1])
    collectors = assemble(context, (Filesystems,))
    before = by_name(collectors.tick(), "system.filesystem.limit")
    server.hanging.add(b"/backup")

    after = by_name(collectors.tick(), "system.filesystem.limit")
    server.released.set()

    assert before.keys() == after.keys()
    assert {mountpoint for (_, mountpoint, _), number in after.items() if math.isnan(number)} == {"/backup"}
