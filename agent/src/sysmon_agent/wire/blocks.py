"""The compressed blocks inside a message: float64 numbers, and the texts they point to."""

import struct
import zlib
from collections.abc import Sequence

from sysmon_agent.errors import MalformedMessage, OversizedMessage
from sysmon_agent.wire.fields import utf8
from sysmon_agent.wire.messages import ColumnKind, TableRows, kind_of

_LEVEL = 6


def deflate(block: bytes) -> bytes:
    """Compress a block; nothing stays nothing."""
    return zlib.compress(block, _LEVEL) if block else b""


def inflate(block: bytes, limit: int) -> bytes:
    """Decompress a block without ever holding more than `limit` bytes of it, and one.

    Raises
    ------
    MalformedMessage
        It is no zlib stream, ends early, or something follows it.
    OversizedMessage
        It holds more than `limit` bytes.
    """
    if not block:
        return b""
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(block, limit + 1)
    except zlib.error as error:
        raise MalformedMessage(f"A compressed block cannot be read ({error}).") from None
    if len(content) > limit:
        raise OversizedMessage(f"A compressed block holds more than {limit} bytes.")
    if not stream.eof:
        raise MalformedMessage("A compressed block ends early.")
    if stream.unused_data:
        raise MalformedMessage("Something follows a compressed block.")
    return content


def pack_rows(rows: TableRows) -> tuple[bytes, bytes]:
    """Return a table's blocks, numbers and strings, compressed.

    The dictionary lists strings in the order in which the columns first use them. A zero byte in a text, which would
    end it, is replaced.
    """
    dictionary: dict[str, int] = {}
    numbers: list[float] = []
    for column in rows.columns:
        if kind_of(column) is ColumnKind.TEXT:
            numbers.extend(dictionary.setdefault(str(text), len(dictionary)) for text in column)
        else:
            numbers.extend(map(float, column))
    strings = b"".join(utf8(text.replace("\0", "\ufffd")) + b"\0" for text in dictionary)
    return deflate(struct.pack(f"<{len(numbers)}d", *numbers)), deflate(strings)


def unpack_strings(block: bytes) -> list[str]:
    """Read an inflated dictionary."""
    if not block:
        return []
    if block[-1]:
        raise MalformedMessage("The last string of a table has no end.")
    try:
        return block[:-1].decode().split("\0")
    except UnicodeDecodeError:
        raise MalformedMessage("A string is not UTF-8.") from None


def unpack_columns(
    block: bytes, kinds: Sequence[ColumnKind], strings: Sequence[str]
) -> tuple[Sequence[float] | Sequence[str], ...]:
    """Read inflated numbers, as many for each kind, and look up those that stand for strings."""
    numbers = struct.unpack(f"<{len(block) // 8}d", block)
    rows = len(numbers) // len(kinds) if kinds else 0
    columns = (numbers[position * rows : (position + 1) * rows] for position in range(len(kinds)))
    return tuple(
        _look_up(column, strings) if kind is ColumnKind.TEXT else column
        for kind, column in zip(kinds, columns, strict=True)
    )


def _look_up(column: tuple[float, ...], strings: Sequence[str]) -> tuple[str, ...]:
    try:
        indexes = tuple(map(int, column))
    except (ValueError, OverflowError):  # not a number, infinite
        raise MalformedMessage("A text column holds no indexes.") from None
    if indexes and not 0 <= min(indexes) <= max(indexes) < len(strings):
        raise MalformedMessage("A text column points outside its strings.")
    return tuple(map(strings.__getitem__, indexes))
