"""The records that spool files are made of.

    magic    4 bytes   where a reader finds its footing again after damage
    length   uint32    of the payload
    check    uint32    CRC-32 of everything else
    kind     uint8
    serial   uint64    what the payload is about, see Kind
    payload

All integers are little-endian. A record is whole or it is not there: a file that ends in the middle of one, or that was
damaged anywhere, still gives every other record.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from sysmon_agent.wire.messages import Gap, GapReason

MAGIC = b"\xf5SMr"
_HEADER = struct.Struct("<4sIIBQ")
_CHECKED = struct.Struct("<IBQ")
_GAP = struct.Struct("<QB")
_ORIGIN = struct.Struct("<16s16sQ")


class Kind(IntEnum):
    """What a record holds. Values are on disks; never reuse one."""

    ORIGIN = 1  # first in every file: which stream, which boot; serial: the first that the file may hold
    SCHEMA = 2  # as on the wire; of the ticks that follow; serial: 0
    TICK = 3  # a batch of one tick, as on the wire; serial: the tick's
    GAP = 4  # serials that will never have a tick; serial: the first of them


_KINDS = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Record:
    kind: Kind
    serial: int
    payload: bytes
    start: int  # offsets in the data that was looked through
    end: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file says about itself, so that it can be read without any other."""

    stream_id: bytes
    boot_id: bytes
    base: int  # the serial before the stream's first number


def pack(kind: Kind, serial: int, payload: bytes) -> bytes:
    fields = _CHECKED.pack(len(payload), kind, serial)
    check = zlib.crc32(payload, zlib.crc32(fields))
    return _HEADER.pack(MAGIC, len(payload), check, kind, serial) + payload


def pack_gap(gap: Gap) -> bytes:
    return pack(Kind.GAP, gap.first, _GAP.pack(gap.last, gap.reason))


def unpack_gap(record: Record) -> Gap:
    last, reason = _GAP.unpack(record.payload)
    return Gap(record.serial, last, GapReason(reason))


def pack_origin(origin: Origin, first: int) -> bytes:
    return pack(Kind.ORIGIN, first, _ORIGIN.pack(origin.stream_id, origin.boot_id, origin.base))


def unpack_origin(record: Record) -> Origin:
    return Origin(*_ORIGIN.unpack(record.payload))


def salvage(data: bytes) -> Iterator[Record]:
    """Yield every whole record; what lies between them is damage."""
    start = 0
    while (start := data.find(MAGIC, start)) >= 0:
        record = _record_at(data, start)
        if record:
            yield record
        start = record.end if record else start + 1


def _record_at(data: bytes, start: int) -> Record | None:
    body = start + _HEADER.size
    if body > len(data):
        return None
    _, length, check, kind, serial = _HEADER.unpack_from(data, start)
    payload = data[body : body + length]
    if zlib.crc32(payload, zlib.crc32(_CHECKED.pack(length, kind, serial))) != check or kind not in _KINDS:
        return None
    return Record(Kind(kind), serial, payload, start, body + length)
