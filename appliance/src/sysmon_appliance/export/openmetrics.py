"""History as OpenMetrics text (https://openmetrics.io, version 1.0): what `promtool tsdb create-blocks-from` reads.

Names are Prometheus's on the way out and are turned back on the way in where they are ours. Values of one metric come
one after another, as the format demands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from sysmon_agent.names import METRICS, Kind, prometheus_name
from sysmon_agent.wire.messages import Attributes, Series
from sysmon_appliance.domain.exchange import SeriesValues
from sysmon_appliance.errors import BadRequestError

_CANONICAL = {prometheus_name(metric): metric for metric in METRICS.values()}
_NO_NAME = re.compile(r"[^a-zA-Z0-9_]")
_LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: (\S+))?(?: #.*)?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"(?:,|$)')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
_AT_ONCE = 100_000
_HOST, _HOST_ID = "host", "host_id"


class OpenMetricsWriter:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._metric = ""

    def write(self, given: SeriesValues) -> None:
        series = given.series
        if series.metric != self._metric:
            self._metric = series.metric
            self._out.write(_heading(series.metric))
        start = f"{_name(series.metric)}{{{_labels(given)}}}"
        self._out.writelines(
            f"{start} {_number(value)} {t // 1000}.{t % 1000:03}\n"
            for t, value in zip(given.t.tolist(), given.values.tolist(), strict=True)
        )

    def finish(self) -> None:
        self._out.write("# EOF\n")
        self._out.flush()


def _name(metric: str) -> str:
    return prometheus_name(METRICS[metric]) if metric in METRICS else _NO_NAME.sub("_", metric)


def _heading(metric: str) -> str:
    known = METRICS.get(metric)
    name = _name(metric)
    if known is None:
        return f"# TYPE {name} unknown\n"
    family = name.removesuffix("_total") if known.kind is Kind.COUNTER else name
    return f"# TYPE {family} {known.kind.value}\n# HELP {family} {_escaped(known.description)}\n"


def _labels(given: SeriesValues) -> str:
    pairs = [(_HOST, given.host), (_HOST_ID, given.host_id)]
    pairs += [(_NO_NAME.sub("_", key), value) for key, value in given.series.attributes]
    return ",".join(f'{key}="{_escaped(value)}"' for key, value in pairs)


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _number(value: float) -> str:
    if np.isfinite(value):
        return repr(value)
    return "NaN" if np.isnan(value) else "+Inf" if value > 0 else "-Inf"


@dataclass(frozen=True, slots=True)
class _Sample:
    key: tuple[str, str]  # name and labels as they stand in the file
    t: int
    value: float


def read_openmetrics(text: TextIO) -> Iterator[SeriesValues]:
    """Yield what a text holds, consecutive lines of one series together; every sample needs its time.

    Raises
    ------
    BadRequestError
        A line does not fit; the message names it.
    """
    number = 0
    waiting: list[_Sample] = []
    try:
        for number, line in enumerate(text, 1):  # noqa: B007 - the refusal names it
            if line.startswith("#") or not line.strip():
                continue
            sample = _sample(line.rstrip("\n"))
            if waiting and (waiting[-1].key != sample.key or len(waiting) >= _AT_ONCE):
                yield _values(waiting)
                waiting = []
            waiting.append(sample)
        if waiting:
            yield _values(waiting)
    except (ValueError, OverflowError) as error:
        problem = f"Line {number} or the one before it cannot be read: {error}."
        raise BadRequestError(problem, hint="promtool check metrics < FILE") from error


def _sample(line: str) -> _Sample:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("it is no sample")
    name, labels, value, stamp = match.groups()
    if stamp is None:
        raise ValueError("it has no time")
    return _Sample((name, labels or ""), round(float(stamp) * 1000), float(value))


def _values(samples: list[_Sample]) -> SeriesValues:
    name, labels = samples[0].key
    pairs = _pairs(labels)
    host, host_id = pairs.pop(_HOST, pairs.get("instance", "")), pairs.pop(_HOST_ID, "")
    if not host:
        raise ValueError("it has no label `host` or `instance`")
    return SeriesValues(
        host=host,
        host_id=host_id,
        series=_canonical(name, pairs),
        t=np.array([sample.t for sample in samples], np.int64),
        values=np.array([sample.value for sample in samples]),
    )


def _pairs(labels: str) -> dict[str, str]:
    found, position = {}, 0
    while position < len(labels):
        match = _LABEL.match(labels, position)
        if match is None:
            raise ValueError("its labels are malformed")
        found[match[1]] = _unescaped(match[2])
        position = match.end()
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text)


def _canonical(name: str, pairs: dict[str, str]) -> Series:
    metric = _CANONICAL.get(name)
    if metric is None:
        return Series(name, tuple(sorted(pairs.items())))
    keys = {_NO_NAME.sub("_", key): key for key in metric.attributes}
    return Series(metric.name, _attributes(pairs, keys))


def _attributes(pairs: dict[str, str], keys: dict[str, str]) -> Attributes:
    return tuple(sorted((keys.get(key, key), value) for key, value in pairs.items()))
