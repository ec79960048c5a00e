"""Which filesystems are mounted, and which of them are worth measuring."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sysmon_agent.collectors.files import text

NETWORK_TYPES = ("9p", "afs", "beegfs", "ceph", "cifs", "fuse", "gfs2", "glusterfs", "lustre", "nfs", "ocfs2", "smb")
"""Beginnings of the types of which an answer may never come, because another machine or program must give it."""

_LOCAL_FUSE = "fuseblk"  # NTFS and exFAT on a disk of this machine

# Types that hold no files of anyone's: what the kernel shows of itself, and portals of desktops and containers.
_PSEUDO_TYPES = frozenset(
    (
        "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
        "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal", "fuse.snapfuse", "fusectl", "hugetlbfs", "mqueue", "nsfs",
        "pipefs", "proc", "pstore", "ramfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    number: bytes  # major:minor of the filesystem; equal for all the places where it is mounted
    root: bytes  # which part of the filesystem is mounted here
    mountpoint: bytes  # as the kernel spells it, for statvfs
    type: str
    device: str

    @property
    def is_remote(self) -> bool:
        return self.type.startswith(NETWORK_TYPES) and self.type != _LOCAL_FUSE

    @property
    def labels(self) -> tuple[str, str, str]:
        """Device, mount point and type, in the order of the metrics' attributes."""
        return self.device, text(self.mountpoint), self.type


def parse_mountinfo(data: bytes) -> list[Mount]:
    """Read /proc/self/mountinfo, in the order of mounting."""
    mounts = []
    for line in data.splitlines():
        here, _, there = line.partition(b" - ")
        _id, _parent, number, root, mountpoint, *_ = here.split(b" ")
        kind, device, *_ = there.split(b" ")
        mounts.append(Mount(number, root, _unescape(mountpoint), text(kind), text(_unescape(device))))
    return mounts


def _unescape(field: bytes) -> bytes:
    """Undo the kernel's octal escapes of blanks and backslashes."""
    if b"\\" not in field:
        return field
    for octal, byte in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        field = field.replace(octal, byte)
    return field


def worth_measuring(mounts: Iterable[Mount], ignored: Collection[str]) -> list[Mount]:
    """Choose one mount per filesystem: the one that shows its root, else the one with the shortest path.

    A mount that lies under a later one on the same path cannot be reached and is left out.
    """
    visible = {mount.mountpoint: mount for mount in mounts}
    chosen: dict[bytes, Mount] = {}
    for mount in visible.values():
        if mount.type in _PSEUDO_TYPES or mount.type in ignored:
            continue
        other = chosen.get(mount.number)
        if other is None or _preference(mount) < _preference(other):
            chosen[mount.number] = mount
    return list(chosen.values())


def _preference(mount: Mount) -> tuple[bool, int]:
    return mount.root != b"/", len(mount.mountpoint)
