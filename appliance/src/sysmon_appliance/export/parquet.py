"""History as Parquet, by the format's own library, which is an extra of this distribution and slow to load."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.exchange import SeriesValues
from sysmon_appliance.errors import BadRequestError

_ROWS_TOGETHER = 1 << 20
"""Rows of one group: what a reader may skip as a whole, and what is in memory here."""

_COLUMNS = ("time", "host_id", "host", "metric", "attributes", "value")


class ParquetWriter:
    """One row per value; times are UTC milliseconds."""

    def __init__(self, out: BinaryIO) -> None:
        text = pa.dictionary(pa.int32(), pa.string())
        pairs = pa.map_(pa.string(), pa.string())
        types = (pa.timestamp("ms", tz="UTC"), text, text, text, pairs, pa.float64())
        self._schema = pa.schema(list(zip(_COLUMNS, types, strict=True)))
        self._file = parquet.ParquetWriter(out, self._schema, compression="zstd")
        self._waiting: list[SeriesValues] = []
        self._rows = 0

    def write(self, given: SeriesValues) -> None:
        self._waiting.append(given)
        self._rows += len(given.t)
        if self._rows >= _ROWS_TOGETHER:
            self._flush()

    def finish(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(pa.table([self._column(name) for name in _COLUMNS], schema=self._schema))
        self._waiting, self._rows = [], 0

    def _column(self, name: str) -> Any:
        kind = self._schema.field(name).type
        match name:
            case "time":
                return pa.array(np.concatenate([one.t for one in self._waiting]), kind)
            case "value":
                return pa.array(np.concatenate([one.values for one in self._waiting]), kind)
            case "attributes":
                each = [list(one.series.attributes) for one in self._waiting]
                return pa.array(each, kind).take(self._repeats())
            case _:
                each_text = [one.series.metric if name == "metric" else getattr(one, name) for one in self._waiting]
                return pa.array(each_text, kind).take(self._repeats())

    def _repeats(self) -> Any:
        lengths = [len(one.t) for one in self._waiting]
        return pa.array(np.repeat(np.arange(len(lengths)), lengths))


def read_parquet(file: BinaryIO) -> Iterator[SeriesValues]:
    """Yield what a file holds, consecutive rows of one series together.

    Raises
    ------
    BadRequestError
        It is no Parquet file, or has other columns.
    """
    try:
        for group in parquet.ParquetFile(file).iter_batches(batch_size=1 << 17, columns=list(_COLUMNS)):
            yield from _series_values(group)
    except (pa.ArrowException, ValueError, TypeError, KeyError, OSError) as error:
        raise BadRequestError(f"The file cannot be read: {error}.", hint="sysmon history export --help") from error


def _series_values(group: Any) -> Iterator[SeriesValues]:
    times = group.column("time").cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64()).to_numpy()
    values = group.column("value").to_numpy(zero_copy_only=False)
    keys = list(zip(*(group.column(name).to_pylist() for name in _COLUMNS[1:5]), strict=True))
    start = 0
    for end in range(1, len(keys) + 1):
        if end == len(keys) or keys[end] != keys[start]:
            host_id, host, metric, pairs = keys[start]
            series = Series(metric, tuple(sorted(pairs)))
            yield SeriesValues(host, host_id, series, times[start:end], values[start:end].astype(np.float64))
            start = end
