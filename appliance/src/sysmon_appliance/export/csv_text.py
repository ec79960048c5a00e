"""History as CSV: one line per value, with a header line.

Times are milliseconds since 1970, so that they come back as they were; attributes are a JSON object.
"""

import csv
import json
from collections.abc import Iterator
from itertools import groupby, islice
from typing import TextIO

import numpy as np

from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.exchange import SeriesValues
from sysmon_appliance.errors import BadRequestError

COLUMNS = ("time_ms", "host_id", "host", "metric", "attributes", "value")
_AT_ONCE = 100_000
"""Lines held in memory."""

_HINT = "sysmon history export --help"


class CsvWriter:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lines = csv.writer(out, lineterminator="\n")
        self._lines.writerow(COLUMNS)

    def write(self, given: SeriesValues) -> None:
        series = given.series
        fixed = (given.host_id, given.host, series.metric, json.dumps(dict(series.attributes)))
        pairs = zip(given.t.tolist(), given.values.tolist(), strict=True)
        self._lines.writerows((t, *fixed, repr(value)) for t, value in pairs)

    def finish(self) -> None:
        self._out.flush()


def read_csv(text: TextIO) -> Iterator[SeriesValues]:
    """Yield what a file holds, consecutive lines of one series together.

    Raises
    ------
    BadRequestError
        A line does not fit; the message names it.
    """
    lines = csv.DictReader(text)
    if missing := set(COLUMNS) - set(lines.fieldnames or ()):
        raise BadRequestError(f"The file has no column {', '.join(sorted(missing))}.", hint=_HINT)
    try:
        while block := list(islice(lines, _AT_ONCE)):
            for _, rows in groupby(block, key=_key):
                yield _values(list(rows))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, csv.Error) as error:
        raise BadRequestError(f"Line {lines.line_num} or one before it cannot be read: {error}.", hint=_HINT) from error


def _key(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in COLUMNS[1:5])


def _values(rows: list[dict[str, str]]) -> SeriesValues:
    host_id, host, metric, attributes = _key(rows[0])
    return SeriesValues(
        host=host,
        host_id=host_id,
        series=Series(metric, tuple(sorted((str(key), str(value)) for key, value in json.loads(attributes).items()))),
        t=np.array([int(row["time_ms"]) for row in rows], np.int64),
        values=np.array([float(row["value"]) for row in rows]),
    )
