"""Questions about series: which there are, and what makes so many of them.

What reads all of them does so in a worker thread, over the catalogue as it was when it was asked.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import chain, dropwhile, islice

import numpy as np

from sysmon_appliance.config import LimitSettings
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.matchers import NAME_KEY, parse_matchers
from sysmon_appliance.domain.series_index import IndexView, Mask
from sysmon_appliance.domain.series_search import Found, Holding, Holdings, search, weigh
from sysmon_appliance.errors import BadRequestError
from sysmon_appliance.services.hosts import HostName
from sysmon_appliance.services.series import SeriesCatalog
from sysmon_appliance.services.series_documents import (
    CardinalityDocument,
    HostSeries,
    KeySeries,
    MetricSeries,
    SeriesPage,
    SeriesRow,
)

_MARK_BYTES = 8

_WALKS = 16
"""Lists of which the next page is at hand; where there are more, the next page is looked for anew."""

Wanted = tuple[tuple[str, ...], int | None]
"""Selectors, and the one host if there is one."""


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Which series, and which stretch of them; `cursor` is the `next` of the page before."""

    match: Sequence[str] = ()  # a series that fits one of these is found; without any, all are
    host: Host | None = None  # only this one's
    limit: int = 100
    cursor: str | None = None

    @property
    def wanted(self) -> Wanted:
        """What stays the same from page to page."""
        return tuple(self.match), self.host.key if self.host else None


@dataclass(frozen=True, slots=True)
class Walk:
    """What the pages of one list are pages of."""

    found: Found
    total: int


class SeriesAnswers:
    """Answers from the catalogue. Belongs to the event loop."""

    def __init__(self, catalog: SeriesCatalog, limits: LimitSettings) -> None:
        self._catalog = catalog
        self._limits = limits
        self._walks: OrderedDict[Wanted, Walk] = OrderedDict()

    async def list(self, query: SeriesQuery) -> SeriesPage:
        """List series by the name of their host, metric and attributes; pages show them as they were at the first.

        Raises
        ------
        BadRequestError
            A selector cannot be read, or the series that the cursor stands for is not in the list any more.
        """
        walk = self._walks.get(query.wanted) if query.cursor is not None else None
        if walk is None:
            walk = await asyncio.to_thread(_find, self._catalog.holdings(), query)
            self._walks[query.wanted] = walk
        self._walks.move_to_end(query.wanted)
        while len(self._walks) > _WALKS:
            self._walks.popitem(last=False)
        return await asyncio.to_thread(self._page, walk, query)

    def holdings(self) -> Callable[[], Holdings]:
        """Return what lists, in any thread, which series there are now."""
        return self._catalog.holdings()

    def reach(self, holding: Holding) -> tuple[int, int]:
        """Return the times of a host's first and last tick; safe in any thread."""
        return self._catalog.span(holding.host.key, holding.schemas)

    async def cardinality(self, limit: int) -> CardinalityDocument:
        """Say where series are many: so many hosts, metrics and keys of attributes, those with the most first."""
        count = partial(self._count, self._catalog.holdings(), self._catalog.active(), limit)
        return await asyncio.to_thread(count)

    def _page(self, walk: Walk, query: SeriesQuery) -> SeriesPage:
        page = list(islice(self._rows(walk.found, query.cursor), query.limit + 1))
        more = len(page) > query.limit
        return SeriesPage(page[: query.limit], walk.total, _cursor(page[query.limit - 1]) if more else None)

    def _rows(self, found: Found, cursor: str | None) -> Iterator[SeriesRow]:
        """Yield what was found after the cursor; hosts before it are not looked into."""
        if cursor is None:
            return chain.from_iterable(self._rows_of(*each, found.index) for each in found.hosts)
        host_id, _, mark = cursor.partition(".")
        hosts = dropwhile(lambda each: each[0].host.host_id != host_id, found.hosts)
        rows = chain.from_iterable(self._rows_of(*each, found.index) for each in hosts)
        rest = dropwhile(lambda row: row.host.id == host_id and _mark(row) != mark, rows)
        last = next(rest, None)
        if last is None or last.host.id != host_id:
            raise BadRequestError("The cursor is of a series that is no longer in the list.", hint="sysmon series list")
        return rest

    def _rows_of(self, holding: Holding, mask: Mask, index: IndexView) -> Iterator[SeriesRow]:
        """Yield the series of a host that fit, in order."""
        numbers = holding.numbers[mask[holding.numbers]].tolist()
        series = index.series
        in_order = sorted(numbers, key=lambda number: (series[number].metric, series[number].attributes))
        having = [np.isin(in_order, self._catalog.numbers(schema)).tolist() for schema in holding.schemas]
        named = HostName(holding.host.host_id, holding.host.name)
        for place, number in enumerate(in_order):
            schemas = (schema for schema, has in zip(holding.schemas, having, strict=True) if has[place])
            first_ms, last_ms = self._catalog.span(holding.host.key, schemas)
            yield SeriesRow(named, series[number].metric, dict(series[number].attributes), first_ms, last_ms)

    def _count(self, held: Callable[[], Holdings], active: dict[int, int], limit: int) -> CardinalityDocument:
        holdings = held()
        weights = weigh(holdings)
        hosts = sorted(holdings.hosts, key=lambda each: (-len(each.numbers), each.host.name))
        keys = [each for each in weights.of_keys() if each[0] != NAME_KEY]
        return CardinalityDocument(
            total=int(weights.hosts.sum()),
            active=sum(active.values()),
            limit_per_host=self._limits.series_per_host,
            new_per_host_per_day=self._limits.new_series_per_host_per_day,
            hosts=[
                HostSeries(each.host.host_id, each.host.name, len(each.numbers), active.get(each.host.key, 0))
                for each in hosts[:limit]
            ],
            metrics=[MetricSeries(*each) for each in weights.of_key(NAME_KEY)[:limit]],
            attributes=[KeySeries(*each) for each in keys[:limit]],
        )


def _find(held: Callable[[], Holdings], query: SeriesQuery) -> Walk:
    selections = [parse_matchers(text) for text in query.match]
    holdings = held()
    if query.host is not None:
        holdings = Holdings(holdings.index, [each for each in holdings.hosts if each.host.key == query.host.key])
    found = search(holdings, selections)
    return Walk(found, found.total())


def _cursor(row: SeriesRow) -> str:
    return f"{row.host.id}.{_mark(row)}"


def _mark(row: SeriesRow) -> str:
    """Stand for a series among those of its host, however long its attributes are."""
    text = "\0".join((row.metric, *chain.from_iterable(row.attributes.items())))
    return blake2b(text.encode(), digest_size=_MARK_BYTES).hexdigest()
