"""An object store in memory that can fail, lie, be slow and lose what it was given."""

import threading
from collections.abc import Iterator
from pathlib import Path

from sysmon_appliance.errors import StoreUnreachableError
from sysmon_appliance.objectstore.objects import ObjectMissingError


class MemoryObjects:
    """The twin of ObstoreObjects; `requests` lists what it was asked, such as "put a-segment.sqlite"."""

    url = "memory://bucket"

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.is_down = False
        self.lies = 0  # so many of the next reads give other bytes than were stored
        self.forgets = False  # what is put is gone at once
        self.gate = threading.Event()  # reads wait for it
        self.gate.set()

    def put(self, name: str, file: Path) -> None:
        self._note("put", name)
        if not self.forgets:
            self.stored[name] = file.read_bytes()

    def read(self, name: str, size: int) -> Iterator[bytes]:
        self._note("read", name)
        assert self.gate.wait(30)
        if name not in self.stored:
            raise ObjectMissingError(name)
        content = self.stored[name][:size]
        if self.lies:
            self.lies -= 1
            content = damaged(content)
        middle = len(content) // 2
        yield from filter(None, (content[:middle], content[middle:]))

    def size(self, name: str) -> int | None:
        self._note("size", name)
        return len(self.stored[name]) if name in self.stored else None

    def delete(self, name: str) -> None:
        self._note("delete", name)
        self.stored.pop(name, None)

    def names(self) -> Iterator[str]:
        self._note("names")
        yield from list(self.stored)

    def create(self, name: str, content: bytes) -> bool:
        self._note("create", name)
        return self.stored.setdefault(name, content) is content

    def folders(self) -> Iterator[str]:
        self._note("folders")
        yield from {name.partition("/")[0] for name in self.stored if "/" in name}

    def names_in(self, folder: str) -> Iterator[str]:
        self._note("names in", folder)
        yield from [name for name in self.stored if name.startswith(f"{folder}/")]

    def remove_folder(self, folder: str) -> None:
        for name in list(self.names_in(folder)):
            self.delete(name)

    def _note(self, *words: str) -> None:
        self.requests.append(" ".join(words))
        if self.is_down:
            raise StoreUnreachableError(f"The object store {self.url} cannot be used: it is down.")


def damaged(content: bytes) -> bytes:
    """Flip one bit in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
