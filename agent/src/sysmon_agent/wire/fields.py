"""Protobuf's framing by hand, so that an agent needs no runtime for it.

A message is a run of fields. Each begins with a key, `number << 3 | wire type`, and goes on with a varint (wire type
0), eight bytes (1), a length and that many bytes (2), or four bytes (5); the groups of old (3, 4) are refused. A varint
holds seven bits a byte, lowest first, the top bit of each byte telling that another follows. Signed numbers are
zigzagged so that small ones stay short. Fields that hold their type's default are not sent.

Reading follows the runtime where it is defined: of a repeated single field the last wins, repeated embedded messages
are merged (joining their bytes does that), packed and unpacked numbers may alternate, and unknown fields are skipped.
Where the runtime guesses we refuse: a known field of another wire type, a varint of more than 64 bits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sysmon_agent.errors import MalformedMessage

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_CUT_SHORT = "The message ends inside a field."
_TOO_LONG = "A number has more than 64 bits."

# What a field does with each value that arrives for it.
_SET, _APPEND, _EXTEND = range(3)

NUMBER: Final = "number"
BLOB: Final = "blob"  # bytes or text
NUMBERS: Final = "numbers"
BLOBS: Final = "blobs"  # messages or texts; a single message too, whose parts the reader joins

_DEFAULTS: dict[str, int | bytes | tuple[()]] = {NUMBER: 0, BLOB: b"", NUMBERS: (), BLOBS: ()}
_ACTIONS = {
    NUMBER: {_VARINT: _SET},
    BLOB: {_BYTES: _SET},
    NUMBERS: {_VARINT: _APPEND, _BYTES: _EXTEND},
    BLOBS: {_BYTES: _APPEND},
}


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a message: what each starts as, and what to do with each key."""

    kinds: dict[str, str]  # by name, in the order of the field numbers, which begin at 1
    blank: tuple[Any, ...]
    rules: dict[int, tuple[int, int]]  # key to position in blank and action


def shape(**kinds: str) -> Shape:
    """Describe a message by the kinds of its fields 1, 2, 3 … in order."""
    rules = {
        (position + 1) << 3 | wire_type: (position, action)
        for position, kind in enumerate(kinds.values())
        for wire_type, action in _ACTIONS[kind].items()
    }
    return Shape(kinds, tuple(_DEFAULTS[kind] for kind in kinds.values()), rules)


def read(message: bytes, form: Shape) -> list[Any]:
    """Take a message apart.

    Returns one value per field of the shape: NUMBER an unsigned int, BLOB bytes, NUMBERS a sequence of unsigned int,
    BLOBS a sequence of bytes.

    Raises
    ------
    MalformedMessage
        The bytes are no message of that shape.
    """
    values = list(form.blank)
    rules = form.rules
    for key, value in _split(message):
        rule = rules.get(key)
        if rule is None:
            _check_unknown(key, form)
            continue
        position, action = rule
        if action == _SET:
            values[position] = value
            continue
        if not values[position]:
            values[position] = []
        if action == _APPEND:
            values[position].append(value)
        else:
            values[position].extend(_varints(value))
    return values


def _split(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield each field's key and value: an int, or bytes."""
    position, end = 0, len(message)
    try:
        while position < end:
            key, position = message[position], position + 1
            if key > 127:
                key, position = _long_varint(message, position)
            wire_type = key & 7
            if wire_type == _VARINT:
                value, position = message[position], position + 1
                if value > 127:
                    value, position = _long_varint(message, position)
                yield key, value
                continue
            if wire_type == _BYTES:
                size, position = message[position], position + 1
                if size > 127:
                    size, position = _long_varint(message, position)
            else:
                size = _fixed_size(wire_type)
            start, position = position, position + size
            if position > end:
                raise MalformedMessage(_CUT_SHORT)
            yield key, message[start:position]
    except IndexError:
        raise MalformedMessage(_CUT_SHORT) from None


def _long_varint(message: bytes, position: int) -> tuple[int, int]:
    """Read a varint of several bytes, the first of which was just before `position`."""
    value, shift = message[position - 1] & 127, 7
    while True:
        byte = message[position]
        position += 1
        if byte < 128:
            break
        value |= (byte & 127) << shift
        shift += 7
        if shift > 63:
            raise MalformedMessage(_TOO_LONG)
    value |= byte << shift
    if value >> 64:
        raise MalformedMessage(_TOO_LONG)
    return value, position


def _varints(packed: bytes) -> list[int]:
    values = []
    position, end = 0, len(packed)
    try:
        while position < end:
            value, position = packed[position], position + 1
            if value > 127:
                value, position = _long_varint(packed, position)
            values.append(value)
    except IndexError:
        raise MalformedMessage(_CUT_SHORT) from None
    return values


def _fixed_size(wire_type: int) -> int:
    if wire_type not in _FIXED_SIZES:
        raise MalformedMessage(f"A field has the unknown wire type {wire_type}.")
    return _FIXED_SIZES[wire_type]


def _check_unknown(key: int, form: Shape) -> None:
    number = key >> 3
    if not 0 < number < 1 << 29:
        raise MalformedMessage(f"There is no field number {number}.")
    if number <= len(form.blank):
        raise MalformedMessage(f"Field {number} has the wrong wire type {key & 7}.")


def varint(value: int) -> bytes:
    if value < 128:
        return value.to_bytes(1, "little")  # a negative number ends here, as OverflowError
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    """Encode an unsigned number or an enumeration's member."""
    return varint(field << 3 | _VARINT) + varint(value) if value else b""


def blob(field: int, value: bytes) -> bytes:
    return message(field, value) if value else b""


def text(field: int, value: str) -> bytes:
    return blob(field, utf8(value))


def utf8(value: str) -> bytes:
    """Encode text; what UTF-8 cannot hold (a lone surrogate: a file name in no encoding) becomes a question mark."""
    return value.encode("utf-8", "replace")


def message(field: int, value: bytes) -> bytes:
    """Encode an embedded message, or one element of a repeated field: sent even when empty."""
    return varint(field << 3 | _BYTES) + varint(len(value)) + value


def numbers(field: int, values: Iterable[int]) -> bytes:
    """Encode a packed repeated field."""
    return blob(field, b"".join(map(varint, values)))


def zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def unzigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
