"""Reading all of a segment's file."""

from pathlib import Path

from sysmon_appliance.segments.files import SegmentFile


def check_rows(path: Path) -> None:
    """Read every row.

    Raises
    ------
    SegmentDamagedError
        Something is not what was written.
    SegmentVersionError
        A later release wrote it.
    """
    with SegmentFile.open(path) as file:
        file.check()
