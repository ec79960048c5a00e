"""One column of numbers as bytes, bit for bit.

What hosts measure is mostly constant, or whole numbers, or decimals of few digits. A constant is stored once. Decimals
become whole numbers where that is exact, because the same walk takes fewer bits as integers. All else is float64 as it
is. Numbers are packed by pcodec (https://github.com/pcodec/pcodec), which finds differences and common factors itself.

The first byte says which it is. A column that is mostly missing keeps the places of what is there, and that packed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pcodec import ChunkConfig
from pcodec.standalone import simple_compress, simple_decompress

from sysmon_appliance.domain.terms import Floats

_CONSTANT, _FLOATS, _SPARSE = 0, 1, 2
_SCALED = {10: 1.0, 11: 10.0, 12: 100.0, 13: 1000.0}
"""First bytes of columns of whole numbers, and what these were multiplied by."""

_EXACT = float(1 << 53)
"""Up to here every whole number is a float64."""

CAREFUL, QUICK = 4, 2
"""Effort of pcodec: for files that stay for years, and for those that are merged within a day."""

_CONFIGS = {level: ChunkConfig(compression_level=level) for level in (CAREFUL, QUICK)}
_F8 = np.dtype("<f8")

Bits = npt.NDArray[np.uint64]
Whole = npt.NDArray[np.int64]


class DamagedColumnError(ValueError):
    """Bytes that are no column."""


def pack_columns(values: Floats, *, effort: int = CAREFUL) -> list[bytes]:
    """Pack every row of a matrix, float64 [columns, values]; there is at least one value."""
    values = np.ascontiguousarray(values, np.float64)
    bits = values.view(np.uint64)
    constant = (bits == bits[:, :1]).all(axis=1)
    scales = _scales(values, bits, ~constant)
    return [
        bytes([_CONSTANT]) + row[:1].tobytes() if same else _pack(row, scale, effort)
        for row, same, scale in zip(values, constant.tolist(), scales, strict=True)
    ]


def _scales(values: Floats, bits: Bits, wanted: npt.NDArray[np.bool_]) -> Sequence[int]:
    """Return for each column the code of the least scale at which it is whole numbers, or 0."""
    codes = np.zeros(len(values), np.int64)
    left = np.flatnonzero(wanted)
    for code, scale in _SCALED.items():
        if not len(left):
            break
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = np.rint(values[left] * scale)
            exact = (np.abs(rounded) < _EXACT).all(axis=1)
            exact &= ((rounded.astype(np.int64) / scale).view(np.uint64) == bits[left]).all(axis=1)
        codes[left[exact]] = code
        left = left[~exact]
    return codes.tolist()


def _pack(column: Floats, code: int, effort: int) -> bytes:
    if code:
        whole = np.rint(column * _SCALED[code]).astype(np.int64)
        return bytes([code]) + _compressed(whole, effort)
    missing = np.isnan(column)
    if missing.any() and not missing.all() and _are_same(column[missing]):
        return _pack_sparse(column, missing, effort)
    return bytes([_FLOATS]) + _compressed(column, effort)


def _are_same(column: Floats) -> bool:
    bits = column.view(np.uint64)
    return bool((bits == bits[0]).all())


def _pack_sparse(column: Floats, missing: npt.NDArray[np.bool_], effort: int) -> bytes:
    """Pack the missing value, where it is missing, and the rest."""
    [rest] = pack_columns(column[~missing][np.newaxis], effort=effort)
    return bytes([_SPARSE]) + column[missing][:1].tobytes() + np.packbits(missing).tobytes() + rest


def unpack_column(packed: bytes, count: int) -> Floats:
    """Return a column of so many values: float64 [values].

    Raises
    ------
    DamagedColumnError
        These bytes are no column of that length.
    """
    code = packed[0] if packed else -1
    if code == _CONSTANT and len(packed) == 1 + _F8.itemsize:
        return np.full(count, np.frombuffer(packed, _F8, offset=1)[0])
    if code in _SCALED:
        whole: Whole = _decompressed(packed[1:], count, np.dtype(np.int64))
        scale = _SCALED[code]
        return whole / scale if scale != 1.0 else whole.astype(np.float64)
    if code == _FLOATS:
        floats: Floats = _decompressed(packed[1:], count, np.dtype(np.float64))
        return floats
    if code == _SPARSE:
        return _unpack_sparse(packed[1:], count)
    raise DamagedColumnError(f"a column begins with {code}")


def _unpack_sparse(packed: bytes, count: int) -> Floats:
    flags_end = _F8.itemsize + (count + 7) // 8
    if len(packed) <= flags_end:
        raise DamagedColumnError("a column ends early")
    flags = np.frombuffer(packed, np.uint8, offset=_F8.itemsize, count=flags_end - _F8.itemsize)
    missing = np.unpackbits(flags, count=count).astype(np.bool_)
    column = np.full(count, np.frombuffer(packed, _F8, count=1)[0])
    column[~missing] = unpack_column(packed[flags_end:], count - int(missing.sum()))
    return column


def pack_whole(numbers: Whole, *, effort: int = CAREFUL) -> bytes:
    """Pack whole numbers, such as times: int64 [values]."""
    return _compressed(np.ascontiguousarray(numbers, np.int64), effort)


def unpack_whole(packed: bytes, count: int) -> Whole:
    """Return whole numbers again: int64 [values].

    Raises
    ------
    DamagedColumnError
        These bytes are not so many whole numbers.
    """
    numbers: Whole = _decompressed(packed, count, np.dtype(np.int64))
    return numbers


def _compressed(numbers: Floats | Whole, effort: int) -> bytes:
    return bytes(simple_compress(numbers, _CONFIGS[effort]))


def _decompressed(packed: bytes, count: int, kind: np.dtype[Any]) -> Any:
    try:
        found = simple_decompress(packed)
    except (RuntimeError, ValueError, TypeError) as error:
        raise DamagedColumnError(str(error)) from error
    if found is None or found.dtype != kind or len(found) != count:
        raise DamagedColumnError("a column has another length or type")
    return found
