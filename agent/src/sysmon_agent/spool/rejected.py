"""Ticks that an aggregator refused for good, kept for whoever wants to know why."""

import os

MAX_FILES = 100


class Rejected:
    """A folder of refused messages, as they were sent; the oldest go when there are too many."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def keep(self, name: str, body: bytes) -> None:
        """Write one message; raises OSError where that fails."""
        os.makedirs(self._folder, 0o700, exist_ok=True)
        for old in sorted(os.listdir(self._folder))[: 1 - MAX_FILES]:
            os.unlink(f"{self._folder}/{old}")
        descriptor = os.open(f"{self._folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(body)
