"""Values of files as requests of an import, each nearly as large as it may be, whatever the order of the file."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sysmon_agent.wire.messages import Series
from sysmon_appliance.cli.progress import Advance
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.exchange import SeriesValues
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.errors import BadRequestError, NotFoundError
from sysmon_appliance.export import formats
from sysmon_appliance.export.names import Format

_PILE = 1_000_000  # values in memory
_PIECE = 50  # what a piece takes besides, in values

_REQUEST_BYTES = 900_000  # 1 MiB is taken
_NAMES_BYTES = 300_000
_MOST_SERIES = 10_000
_VALUE_BYTES = 25  # -2.2250738585072014e-308 and a comma
_TIME_BYTES = 16

Request = dict[str, Any]


def check_readable(files: Iterable[tuple[Path, Format]]) -> None:
    """Refuse what cannot be read before anything is asked of the aggregator.

    Raises
    ------
    NotFoundError, BadRequestError
        There is no such file, or the library for its format is not installed.
    """
    for file, form in files:
        formats.check_installed(form)
        if not file.is_file():
            raise NotFoundError(f"There is no file {file}.", hint=f"ls -l {file.parent}")


def requests_of(files: Sequence[tuple[Path, Format]], advance: Advance) -> Iterator[Request]:
    """Yield requests that hold what files hold, and tell how far those are read.

    Raises
    ------
    BadRequestError
        A file is not of its format.
    """
    return requests(_read(files, advance))


def _read(files: Sequence[tuple[Path, Format]], advance: Advance) -> Iterator[SeriesValues]:
    size, before = sum(file.stat().st_size for file, _ in files), 0
    for file, form in files:
        with file.open("rb") as opened:
            try:
                for one in formats.reader(form, opened):
                    yield one
                    advance(before + opened.tell(), size)
            except BadRequestError as error:
                raise BadRequestError(f"{file}: {error.message}", hint=error.hint) from error
        before += file.stat().st_size


def requests(found: Iterable[SeriesValues]) -> Iterator[Request]:
    """Yield requests that hold what was found; series that share their times share requests."""
    pile = _Pile()
    for one in found:
        pile.add(one)
        if pile.size >= _PILE:
            yield from pile.requests()
            pile = _Pile()
    yield from pile.requests()


@dataclass(slots=True)
class _Pile:
    """Values by host and series, each in the order of the file."""

    hosts: dict[tuple[str, str], dict[Series, list[SeriesValues]]] = field(default_factory=dict)
    size: int = 0

    def add(self, one: SeriesValues) -> None:
        self.hosts.setdefault((one.host, one.host_id), {}).setdefault(one.series, []).append(one)
        self.size += len(one.t) + _PIECE

    def requests(self) -> Iterator[Request]:
        for (host, host_id), of_host in self.hosts.items():
            for block in _blocks(of_host):
                yield from ({"host": host, "host_id": host_id} | part for part in block.requests())


@dataclass(frozen=True, slots=True)
class _Block:
    """Series of one host with the same times; `values` has float64 [times] for each."""

    t: Times
    series: list[Series] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)

    def requests(self) -> Iterator[Request]:
        for start, end, names in self._groups():
            count = end - start
            left = _REQUEST_BYTES - sum(map(len, names))
            step = max(1, left // (_VALUE_BYTES * count + _TIME_BYTES))
            for begin in range(0, len(self.t), step):
                part = slice(begin, begin + step)
                yield {
                    "series": [json.loads(name) for name in names],
                    "t": self.t[part].tolist(),
                    "values": [_texts(row[part]) for row in self.values[start:end]],
                }

    def _groups(self) -> Iterator[tuple[int, int, Sequence[str]]]:
        """Yield runs of series whose names leave room for values: where one begins and ends, and the names."""
        start, size = 0, 0
        names: list[str] = []
        for place, series in enumerate(self.series):
            name = json.dumps({"metric": series.metric, "attributes": dict(series.attributes)})
            if names and (size + len(name) > _NAMES_BYTES or len(names) >= _MOST_SERIES):
                yield start, place, names
                start, size, names = place, 0, []
            names.append(name)
            size += len(name)
        yield start, len(self.series), names


def _blocks(of_host: dict[Series, list[SeriesValues]]) -> Iterable[_Block]:
    found: dict[bytes, _Block] = {}
    for series, pieces in of_host.items():
        t = np.concatenate([piece.t for piece in pieces])
        block = found.setdefault(t.tobytes(), _Block(t))
        block.series.append(series)
        block.values.append(np.concatenate([piece.values for piece in pieces]))
    return found.values()


def _texts(values: Floats) -> list[float | str | None]:
    """Make values that JSON can hold; what is no number is missing."""
    listed: list[float | str | None] = values.tolist()
    if np.isfinite(values).all():
        return listed
    return [_text(value) for value in values.tolist()]


def _text(value: float) -> float | str | None:
    if np.isfinite(value):
        return value
    return None if np.isnan(value) else "Inf" if value > 0 else "-Inf"
