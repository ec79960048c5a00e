"""Reading the kernel's files."""

import os

_CHUNK = 1 << 15


class KernelFile:
    """A file under /proc or /sys that stays open and is read anew at each call.

    Keeping it open saves two thirds of the cost of a reading. After an error it is opened again, once: the file of a
    device that was replugged is another file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1

    def __del__(self) -> None:
        self._close()

    def read(self) -> bytes:
        """Return the whole file; raises OSError."""
        if self._descriptor >= 0:
            try:
                return _read_all(self._descriptor)
            except OSError:
                self._close()
        self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        return _read_all(self._descriptor)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _read_all(descriptor: int) -> bytes:
    # The kernel hands out many of these files a page at a time, so only an empty answer is the end.
    data = chunk = os.pread(descriptor, _CHUNK, 0)
    while chunk:
        chunk = os.pread(descriptor, _CHUNK, len(data))
        data += chunk
    return data


def read_file(path: str, limit: int = 4096) -> bytes:
    """Return the first `limit` bytes of a small file; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, limit)
    finally:
        os.close(descriptor)


def read_word(path: str) -> str:
    """Return a small file's text without its line end, or an empty string where it cannot be read."""
    try:
        return text(read_file(path).strip())
    except OSError:
        return ""


def folder_names(path: str) -> list[str]:
    """Return what a folder holds, sorted; nothing where it cannot be read."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


_MAX_TEXT = 1024  # four times as many bytes at most, which is what the wire carries


def text(data: bytes) -> str:
    """Decode what the kernel shows; what is no printable UTF-8 becomes U+FFFD."""
    decoded = data.decode("utf-8", "replace")[:_MAX_TEXT]
    if decoded.isprintable():
        return decoded
    # By its number: a name in \N{} makes the compiler load the Unicode tables, and they stay.
    return "".join(character if character.isprintable() else "\ufffd" for character in decoded)
