"""Lines of a chart out of stored ticks: sums, shares and rates per second over the series of a host.

A LinePlan says, for one schema, which columns make up each line. A LineReader (line_reader.py) applies plans to what
is stored, and the pieces that come of it are joined here.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

import numpy as np

from sysmon_appliance.domain.downsample import Points, Window, reduce, with_nulls
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.terms import Flags, Floats, Indexes, Terms, ratio, sums, taken

L = TypeVar("L", bound=Hashable)
"""What a line is known by."""


@dataclass(frozen=True, slots=True)
class Line(Generic[L]):
    """The sum of some columns, as rates when `rated`; as a share of the sum of others when `under` names any."""

    label: L
    over: Sequence[int]
    under: Sequence[int] = ()
    rated: bool = False

    @property
    def plain(self) -> bool:
        """Whether it shows the values of one series as they are."""
        return len(self.over) == 1 and not self.under and not self.rated


@dataclass(frozen=True, slots=True)
class LinePlan(Generic[L]):
    """The lines of one schema, ready for arithmetic.

    `needed` are the columns that have to be read, each once. `columns` counts positions within them, and terms count
    positions within `columns`.
    """

    labels: tuple[L, ...]
    needed: Indexes
    columns: Indexes
    rated: Flags
    over: Terms
    under: Terms
    plain: Flags  # which lines show one series as it is

    @classmethod
    def of(cls, lines: Sequence[Line[L]]) -> Self:
        places: dict[tuple[int, bool], int] = {}

        def positions(line: Line[L], columns: Sequence[int]) -> list[int]:
            return [places.setdefault((column, line.rated), len(places)) for column in columns]

        over = [positions(line, line.over) for line in lines]
        under = [positions(line, line.under) for line in lines]
        needed, columns = np.unique(np.array([column for column, _ in places], np.intp), return_inverse=True)
        return cls(
            labels=tuple(line.label for line in lines),
            needed=needed,
            columns=columns,
            rated=np.array([rated for _, rated in places], np.bool_),
            over=Terms.of(over),
            under=Terms.of(under),
            plain=np.array([line.plain for line in lines], np.bool_),
        )

    def combined(self, chosen: Floats) -> Floats:
        """Add up `chosen`, float64 [columns, points], to float64 [lines, points]."""
        if not self.labels:
            return np.empty((0, chosen.shape[1]))
        over = sums(taken(chosen, self.over.columns), self.over.starts)
        if not self.under.present.any():
            return over
        under = sums(chosen[self.under.columns], self.under.starts)
        return np.where(self.under.present[:, np.newaxis], ratio(over, under), over)


Plans = Callable[[KnownSchema], LinePlan[L]]


@dataclass(frozen=True, slots=True)
class Lines(Generic[L]):
    """Points with the labels of their lines."""

    labels: tuple[L, ...]
    points: Points


def cut(lines: Lines[L], window: Window) -> Lines[L] | None:
    """Cut lines to the window and to its number of points; None when nothing is left."""
    points = lines.points
    first = int(np.searchsorted(points.t, window.from_ms))
    end = int(np.searchsorted(points.t, window.to_ms, side="right"))
    if first >= end:
        return None
    inside = Points(points.t[first:end], points.values[:, first:end], points.breaks[first:end])
    return replace(lines, points=reduce(inside, window))


def join(pieces: Sequence[Lines[L]], window: Window) -> Lines[L]:
    """Lay pieces end to end; a line that a piece does not have is missing there.

    Where a slice of the window is in two pieces they leave more than its points, so all is reduced once more.
    """
    if not pieces:
        return Lines((), Points(np.empty(0, np.int64), np.empty((0, 0)), np.empty(0, np.bool_)))
    labels = tuple(dict.fromkeys(label for piece in pieces for label in piece.labels))
    places = {label: place for place, label in enumerate(labels)}
    t = np.concatenate([piece.points.t for piece in pieces])
    values = np.full((len(labels), len(t)), np.nan)
    start = 0
    for piece in pieces:
        end = start + len(piece.points.t)
        values[[places[label] for label in piece.labels], start:end] = piece.points.values
        start = end
    breaks = np.concatenate([piece.points.breaks for piece in pieces])
    return Lines(labels, with_nulls(reduce(Points(t, values, breaks), window)))
