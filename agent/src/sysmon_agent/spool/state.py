"""The spool's memory beyond its ticks: one small text file, replaced as a whole.

The files of the spool carry the stream too, so a lost state costs only what the aggregator knows anyway.
"""

import os
import zlib
from dataclasses import astuple, dataclass, replace
from typing import Self

_KEYS = ("stream", "base", "last", "durable", "deleted", "epoch")


@dataclass(frozen=True, slots=True)
class State:
    """Serials number the ticks of this folder and never start again; a stream's numbers are serials minus `base`."""

    stream_id: bytes
    base: int = 0  # the serial before the stream's first number
    last: int = 0  # the highest serial when this was written
    durable: int = 0  # serials up to here are safe at the aggregator
    deleted: int = 0  # delivered and no longer kept, up to here
    epoch: int = 0  # the highest that any aggregator has shown

    def new_stream(self, stream_id: bytes) -> Self:
        """Give all that is not durable to another stream, numbered from 1."""
        return replace(self, stream_id=stream_id, base=self.durable)


def load(path: str) -> State | None:
    """Return what was saved; None where nothing usable was."""
    try:
        with open(path, "rb") as file:
            text = file.read(4096)
    except FileNotFoundError:
        return None
    return _parse(text)


def _parse(text: bytes) -> State | None:
    body, _, check = text.rpartition(b"check ")
    try:
        if int(check, 16) != zlib.crc32(body):
            return None
        values = dict(line.split(" ", 1) for line in body.decode().splitlines())
        stream, *numbers = (values[key] for key in _KEYS)
        return State(bytes.fromhex(stream), *map(int, numbers))
    except (ValueError, KeyError):
        return None


def save(path: str, state: State) -> None:
    """Replace the file; after a crash at any point either the old or the new one is there, whole."""
    stream, *numbers = astuple(state)
    values = (stream.hex(), *numbers)
    body = "".join(f"{key} {value}\n" for key, value in zip(_KEYS, values, strict=True)).encode()
    write_whole(path, body + b"check %08x\n" % zlib.crc32(body), draft=path + ".new")


def write_whole(path: str, content: bytes, *, draft: str, mode: int = 0o600) -> None:
    """Replace a small file by way of a draft beside it; raises OSError."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        os.fchmod(descriptor, mode)  # whatever the umask is
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(draft, path)
    sync_folder(os.path.dirname(path))


def sync_folder(path: str) -> None:
    """Make created, replaced and removed names in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
