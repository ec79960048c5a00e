"""The formats of history by name; each is loaded where it is asked for."""

import codecs
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from typing import BinaryIO, TextIO, cast

from sysmon_appliance.domain.exchange import HistoryWriter, SeriesValues
from sysmon_appliance.errors import BadRequestError
from sysmon_appliance.export.csv_text import CsvWriter, read_csv
from sysmon_appliance.export.names import Format
from sysmon_appliance.export.openmetrics import OpenMetricsWriter, read_openmetrics


def writer(form: Format, out: BinaryIO) -> HistoryWriter:
    """Begin a file."""
    if form is Format.PARQUET:
        from sysmon_appliance.export.parquet import ParquetWriter  # noqa: PLC0415 - loads pyarrow

        return ParquetWriter(out)
    text = cast("TextIO", codecs.getwriter("utf-8")(out))  # leaves the file open, as it found it
    return CsvWriter(text) if form is Format.CSV else OpenMetricsWriter(text)


def reader(form: Format, file: BinaryIO) -> Iterator[SeriesValues]:
    """Read a file.

    Raises
    ------
    BadRequestError
        It is not of this format; raised while reading, at the place that does not fit.
    """
    if form is Format.PARQUET:
        from sysmon_appliance.export.parquet import read_parquet  # noqa: PLC0415 - loads pyarrow

        return read_parquet(file)
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    read: Callable[[TextIOWrapper], Iterator[SeriesValues]] = read_csv if form is Format.CSV else read_openmetrics
    return _decoded(text, read(text))


def _decoded(text: TextIOWrapper, read: Iterator[SeriesValues]) -> Iterator[SeriesValues]:
    try:
        yield from read
    except UnicodeDecodeError as error:
        raise BadRequestError("The file is no UTF-8 text.", hint="file FILE") from error
    finally:
        text.detach()  # leaves the file open, as it found it


def check_installed(form: Format) -> None:
    """Refuse a format whose library is missing.

    Raises
    ------
    BadRequestError
        It is missing; the hint installs it.
    """
    if form is Format.PARQUET:
        try:
            import pyarrow as pa  # noqa: F401, PLC0415 - whether it can be
        except ImportError as error:
            raise BadRequestError(
                "Parquet needs the extra `parquet`.", hint="pip install 'sysmon-appliance[parquet]'"
            ) from error
