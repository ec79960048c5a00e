"""How much more the head may take."""

from sysmon_appliance.errors import StorageFullError


class HeadRoom:
    """Refuses batches while the head is as large as it may be; what agents cannot send waits in their spools.

    The head becomes smaller by sealing alone. Where that is not possible, because a disk is full or a store is gone,
    nothing that was acknowledged makes room for what is new.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0

    def measured(self, used_bytes: int) -> None:
        """Take note of what the live database holds."""
        self._bytes = used_bytes

    def take(self, size: int) -> None:
        """Count a batch that is about to be stored.

        Raises
        ------
        StorageFullError
            There is no room for it.
        """
        if self._bytes + size > self._max_bytes:
            raise StorageFullError(
                "The live database is as large as it may be, as segments cannot be written.",
                hint="sysmon storage status",
            )
        self._bytes += size
