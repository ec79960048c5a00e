"""Answers about the past, in the shape in which the API gives them."""

from collections.abc import Sequence

import msgspec
import numpy as np

from sysmon_agent.names import METRICS
from sysmon_agent.wire.messages import Attributes
from sysmon_appliance.domain.charts import CHARTS, MAX_LINES, Label
from sysmon_appliance.domain.downsample import Points
from sysmon_appliance.domain.gaps import TimeGap
from sysmon_appliance.domain.history import Lines
from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.domain.terms import Floats
from sysmon_appliance.services.history import Answer, RangeQuery


class GapView(msgspec.Struct, frozen=True, rename={"from_ms": "from", "to_ms": "to"}):
    from_ms: int
    to_ms: int
    reason: str


class RangeSeries(msgspec.Struct, frozen=True):
    attributes: dict[str, str]
    values: Sequence[float | None]


class RangeDocument(msgspec.Struct, frozen=True, rename={"as_": "as", "from_ms": "from", "to_ms": "to"}):
    metric: str
    unit: str
    as_: str
    from_ms: int
    to_ms: int
    level: Kind
    t: list[int]
    series: list[RangeSeries]
    gaps: list[GapView]


class ChartSeries(msgspec.Struct, frozen=True):
    name: str
    values: Sequence[float | None]


class ChartView(msgspec.Struct, frozen=True):
    """One chart; its lines share the document's times."""

    unit: str
    series: list[ChartSeries]


class ChartsDocument(msgspec.Struct, frozen=True):
    """`level` is what was read: every tick, or rollups; where several were, the coarsest."""

    level: Kind
    t: list[int]
    charts: dict[str, ChartView]
    gaps: list[GapView]


def range_document(query: RangeQuery, answer: Answer[Attributes]) -> RangeDocument:
    metric = METRICS[query.metric]
    points = answer.lines.points
    series = [
        RangeSeries(dict(label), values)
        for label, values in zip(answer.lines.labels, _numbers(points.values), strict=True)
    ]
    return RangeDocument(
        metric=metric.name,
        unit=metric.unit + ("/s" if query.rated else ""),
        as_="rate" if query.rated else "value",
        from_ms=query.window.from_ms,
        to_ms=query.window.to_ms,
        level=answer.level,
        t=points.t.tolist(),
        series=series,
        gaps=gap_views(answer.gaps),
    )


def charts_document(lines: Lines[Label], gaps: Sequence[TimeGap] = (), level: Kind = Kind.RAW) -> ChartsDocument:
    """Sort lines into their charts; a chart without lines is there, empty."""
    places: dict[str, list[tuple[str, int]]] = {chart.name: [] for chart in CHARTS}
    for place, label in enumerate(lines.labels):
        places[label.chart].append((label.name, place))
    views = {
        chart.name: ChartView(chart.unit, _chart_series(lines.points, places[chart.name][:MAX_LINES], chart.decimals))
        for chart in CHARTS
    }
    return ChartsDocument(level, lines.points.t.tolist(), views, gap_views(gaps))


def _chart_series(points: Points, places: Sequence[tuple[str, int]], decimals: int) -> list[ChartSeries]:
    rows = _numbers(np.round(points.values[[place for _, place in places]], decimals))
    return [ChartSeries(name, row) for (name, _), row in zip(places, rows, strict=True)]


def _numbers(values: Floats) -> Sequence[Sequence[float]]:
    """Make lists of lines; those of whole numbers are written as such, which takes half the time and less room."""
    with np.errstate(invalid="ignore"):
        whole = values.astype(np.int64)
    exact = (whole == values).all(axis=1).tolist()
    return [(whole if is_whole else values)[line].tolist() for line, is_whole in enumerate(exact)]


def gap_views(gaps: Sequence[TimeGap]) -> list[GapView]:
    return [GapView(gap.from_ms, gap.to_ms, gap.reason.name.lower()) for gap in gaps]
