"""What the head holds, for those who watch it."""

from pathlib import Path

from sysmon_appliance.domain.storekeeping import HeadContents
from sysmon_appliance.sqlite.index import HeadIndex
from sysmon_appliance.sqlite.usage import Usage


class Contents:
    """The HeadMeter over the live database."""

    def __init__(self, path: Path, usage: Usage, index: HeadIndex) -> None:
        self.path = path
        self._usage = usage
        self._index = index

    def contents(self) -> HeadContents:
        batches, from_ms, to_ms = self._index.extent()
        return HeadContents(batches, self._usage.used_bytes(), self._file_bytes(), from_ms, to_ms)

    def _file_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.path.parent.glob(f"{self.path.name}*"))
