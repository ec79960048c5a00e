"""One column of numbers as bytes, bit for bit.

What hosts measure is mostly constant, or whole numbers, or decimals of few digits. A constant is stored once. Decimals
become whole numbers where that is exact, because the same walk takes fewer bits as integers. All else is float64 as it
is. Numbers are packed by pcodec (https://github.com/pcodec/pcodec), which finds common factors itself. Whether to take
the differences of integers it is told: finding that out takes it twice as long as packing an hour of ticks.

The first byte says which it is. A column that is mostly missing keeps the places of what is there, and that packed.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from pcodec import ChunkConfig, DeltaSpec, PagingSpec
from pcodec.wrapped import FileCompressor, FileDecompressor

from sysmon_appliance.domain.terms import Flags, Floats, Indexes, Whole

_CONSTANT, _FLOATS, _SPARSE = 0, 1, 2
_SCALED = {10: 1.0, 11: 10.0, 12: 100.0, 13: 1000.0, 14: 1e6}
"""First bytes of columns of whole numbers, and what these were multiplied by."""

_EXACT = float(1 << 53)
"""Up to here every whole number is a float64."""

_LEVEL = 4
"""Effort of pcodec; more takes several times as long and saves nothing."""

_ONE_PAGE = PagingSpec.equal_pages_up_to(1 << 24)
_BY_ITSELF = ChunkConfig(compression_level=_LEVEL, paging_spec=_ONE_PAGE)
_AS_THEY_ARE = ChunkConfig(compression_level=_LEVEL, paging_spec=_ONE_PAGE, delta_spec=DeltaSpec.no_op())
_DIFFERENCES = ChunkConfig(compression_level=_LEVEL, paging_spec=_ONE_PAGE, delta_spec=DeltaSpec.try_consecutive(1))
_HEADER: bytes = FileCompressor().write_header()  # pcodec's version of its format; every packed column begins with it
_F8 = np.dtype("<f8")
_AT_ONCE = 1 << 16  # values: with what is made of them, they stay in the processor's cache

Bits = npt.NDArray[np.uint64]


class DamagedColumnError(ValueError):
    """Bytes that are no column."""


def pack_columns(values: Floats) -> list[bytes]:
    """Pack every row of a matrix, float64 [columns, values]; there is at least one value."""
    values = np.ascontiguousarray(values, np.float64)
    at_once = max(1, _AT_ONCE // values.shape[1])
    blocks = (values[start : start + at_once] for start in range(0, len(values), at_once))
    return [packed for block in blocks for packed in _pack_block(block)]


def _pack_block(values: Floats) -> list[bytes]:
    bits = values.view(np.uint64)
    constant = (bits == bits[:, :1]).all(axis=1)
    codes, whole = _as_whole(values, bits, np.flatnonzero(~constant))
    packed_whole = iter(pack_wholes(whole[codes > 0]))
    packed = []
    for column, same, code in zip(values, constant.tolist(), codes.tolist(), strict=True):
        if same:
            packed.append(bytes([_CONSTANT]) + column[:1].tobytes())
        elif code:
            packed.append(bytes([code]) + next(packed_whole))
        else:
            packed.append(_pack_floats(column))
    return packed


def _as_whole(values: Floats, bits: Bits, left: Indexes) -> tuple[Whole, Whole]:
    """Return for each column the code of the least scale at which it is whole numbers, or 0, and these numbers."""
    codes, whole = np.zeros(len(values), np.int64), np.zeros(values.shape, np.int64)
    for code, scale in _SCALED.items():
        if not len(left):
            break
        with np.errstate(over="ignore", invalid="ignore"):
            rounded = np.rint(values[left] * scale)
            numbers = rounded.astype(np.int64)
            exact = (np.abs(rounded) < _EXACT).all(axis=1)
            exact &= ((numbers / scale).view(np.uint64) == bits[left]).all(axis=1)
        codes[left[exact]], whole[left[exact]] = code, numbers[exact]
        left = left[~exact]
    return codes, whole


def decimal_scales(values: Floats) -> Floats:
    """Return for each row the least scale at which it becomes whole numbers, 0 where none does: float64 [rows]."""
    values = np.ascontiguousarray(values)
    codes, _ = _as_whole(values, values.view(np.uint64), np.arange(len(values)))
    return np.array([_SCALED.get(code, 0.0) for code in codes.tolist()])


def _pack_floats(column: Floats) -> bytes:
    missing = np.isnan(column)
    if missing.any() and not missing.all() and _are_same(column[missing]):
        return _pack_sparse(column, missing)
    return bytes([_FLOATS]) + _compressed(column, _BY_ITSELF)


def _are_same(column: Floats) -> bool:
    bits = column.view(np.uint64)
    return bool((bits == bits[0]).all())


def _pack_sparse(column: Floats, missing: Flags) -> bytes:
    """Pack the missing value, where it is missing, and the rest."""
    [rest] = pack_columns(column[~missing][np.newaxis])
    return bytes([_SPARSE]) + column[missing][:1].tobytes() + np.packbits(missing).tobytes() + rest


def unpack_column(packed: bytes, count: int) -> Floats:
    """Return a column of so many values: float64 [values].

    Raises
    ------
    DamagedColumnError
        These bytes are no column.
    """
    code = packed[0] if packed else -1
    if code == _CONSTANT and len(packed) == 1 + _F8.itemsize:
        return np.full(count, np.frombuffer(packed, _F8, offset=1)[0])
    if code in _SCALED:
        return scaled(unpack_whole(packed[1:], count), _SCALED[code])
    if code == _FLOATS:
        floats = np.empty(count)
        _decompress(packed[1:], floats)
        return floats
    if code == _SPARSE:
        return _unpack_sparse(packed[1:], count)
    raise DamagedColumnError(f"a column begins with {code}")


def scaled(whole: Whole, scale: float) -> Floats:
    """Turn whole numbers back into the decimals that they were made of."""
    return whole / scale if scale != 1.0 else whole.astype(np.float64)


def _unpack_sparse(packed: bytes, count: int) -> Floats:
    flags_end = _F8.itemsize + (count + 7) // 8
    if len(packed) <= flags_end:
        raise DamagedColumnError("a column ends early")
    flags = np.frombuffer(packed, np.uint8, offset=_F8.itemsize, count=flags_end - _F8.itemsize)
    missing = np.unpackbits(flags, count=count).astype(np.bool_)
    column = np.full(count, np.frombuffer(packed, _F8, count=1)[0])
    column[~missing] = unpack_column(packed[flags_end:], count - int(missing.sum()))
    return column


def pack_whole(numbers: Whole) -> bytes:
    """Pack whole numbers, such as times: int64 [values]."""
    [packed] = pack_wholes(numbers[np.newaxis])
    return packed


def pack_wholes(numbers: Whole) -> list[bytes]:
    """Pack every row of a matrix of whole numbers: int64 [columns, values]."""
    values = numbers.astype(np.float64)
    differ_less = _spread(np.diff(values, axis=1)) < _spread(values)
    return [
        _compressed(row, _DIFFERENCES if less else _AS_THEY_ARE)
        for row, less in zip(np.ascontiguousarray(numbers), differ_less.tolist(), strict=True)
    ]


def _spread(values: Floats) -> Floats:
    """Return how far the values of each row are from their mean, on average."""
    size = max(1, values.shape[1])
    mean = np.add.reduce(values, axis=1, keepdims=True) / size  # ndarray.mean takes longer to begin than to add
    found: Floats = np.add.reduce(np.abs(values - mean), axis=1) / size
    return found


def unpack_whole(packed: bytes, count: int) -> Whole:
    """Return whole numbers again: int64 [values].

    Raises
    ------
    DamagedColumnError
        These bytes are not so many whole numbers.
    """
    numbers: Whole = unpack_wholes(packed, count, 1)[0]
    return numbers


def unpack_wholes(packed: bytes, count: int, columns: int) -> Whole:
    """Return columns of whole numbers whose bytes stand one behind the other: int64 [columns, values].

    Raises
    ------
    DamagedColumnError
        These bytes are not so many whole numbers.
    """
    found = np.empty((columns, count), np.int64)
    for column in found:
        packed = _decompress(packed, column)
    if packed:
        raise DamagedColumnError("something follows a column")
    return found


def _compressed(numbers: Floats | Whole, config: ChunkConfig) -> bytes:
    chunk = FileCompressor().chunk_compressor(numbers, config)
    return bytes(_HEADER + chunk.write_meta() + chunk.write_page(0))


def _decompress(packed: bytes, into: Floats | Whole) -> bytes:
    """Fill an array with what was packed; return the bytes that follow."""
    header, rest = packed[: len(_HEADER)], packed[len(_HEADER) :]
    try:
        chunk, meta = _decompressor(header).chunk_decompressor(rest, "f64" if into.dtype == np.float64 else "i64")
        _, page = chunk.read_page_into(rest[meta:], len(into), into)
    except (RuntimeError, ValueError, TypeError) as error:
        raise DamagedColumnError(str(error)) from error
    return rest[meta + page :]


@lru_cache
def _decompressor(header: bytes) -> FileDecompressor:
    found, _ = FileDecompressor.new(header)
    return found
