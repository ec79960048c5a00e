"""Space and inodes of filesystems."""

import os
from contextlib import suppress

from sysmon_agent.collectors.base import Collector, Context, Key, Readings
from sysmon_agent.collectors.files import KernelFile
from sysmon_agent.collectors.mounts import Mount, parse_mountinfo, worth_measuring
from sysmon_agent.collectors.probe import Probe


class Filesystems(Collector):
    """One mount per filesystem; those of other machines are asked with a deadline."""

    name = "filesystems"

    def __init__(self, context: Context) -> None:
        self._mountinfo = KernelFile(context.proc("self/mountinfo"))
        self._ignored = context.settings.ignore_filesystems
        self._statvfs = context.statvfs
        self._probe = Probe(context.statvfs)
        self._shown = b""
        self._mounts: list[Mount] = []

    def collect(self) -> Readings:
        mounts = self._current_mounts()
        answers = self._probe.ask(mount.mountpoint for mount in mounts if mount.is_remote)
        for mount in mounts:
            if not mount.is_remote:
                with suppress(OSError):  # unmounted a moment ago, or hidden from this user
                    answers[mount.mountpoint] = self._statvfs(mount.mountpoint)
        values: dict[Key, float] = {}
        for mount in mounts:
            if mount.mountpoint in answers:
                values.update(_space(mount, answers[mount.mountpoint]))
        return Readings(values)

    def _current_mounts(self) -> list[Mount]:
        data = self._mountinfo.read()
        if data != self._shown:
            self._mounts = worth_measuring(parse_mountinfo(data), self._ignored)
            self._shown = data
        return self._mounts


def _space(mount: Mount, answer: os.statvfs_result) -> dict[Key, float]:
    if not answer.f_blocks:
        return {}
    size, labels = answer.f_frsize, mount.labels
    values: dict[Key, float] = {
        ("system.filesystem.limit", *labels): answer.f_blocks * size,
        ("system.filesystem.usage", *labels, "used"): (answer.f_blocks - answer.f_bfree) * size,
        ("system.filesystem.usage", *labels, "free"): answer.f_bavail * size,
        ("system.filesystem.usage", *labels, "reserved"): max(0, answer.f_bfree - answer.f_bavail) * size,
    }
    if answer.f_files:  # some filesystems make inodes as they need them
        values["system.filesystem.inodes.usage", *labels, "used"] = answer.f_files - answer.f_ffree
        values["system.filesystem.inodes.usage", *labels, "free"] = answer.f_ffree
    return values
