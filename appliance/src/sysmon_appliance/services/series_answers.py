"""Questions about series: which there are, and what makes so many of them.

What reads all of them does so in a worker thread, over the catalogue as it was when it was asked.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import chain, dropwhile, islice

import numpy as np

from sysmon_agent.wire.messages import Series
from sysmon_appliance.config import LimitSettings
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.matchers import NAME_KEY, parse_matchers
from sysmon_appliance.domain.series_index import Numbers
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


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Which series, and which stretch of them; `cursor` is the `next` of the page before."""

    match: Sequence[str] = ()  # a series that fits one of these is found; without any, all are
    host: Host | None = None  # only this one's
    limit: int = 100
    cursor: str | None = None


class SeriesAnswers:
    """Answers from the catalogue. Belongs to the event loop."""

    def __init__(self, catalog: SeriesCatalog, limits: LimitSettings) -> None:
        self._catalog = catalog
        self._limits = limits

    async def list(self, query: SeriesQuery) -> SeriesPage:
        """List series by the name of their host, metric and attributes.

        Raises
        ------
        BadRequestError
            A selector cannot be read, or the series that the cursor stands for is not in the list any more.
        """
        return await asyncio.to_thread(self._list, self._catalog.holdings(), query)

    async def cardinality(self, limit: int) -> CardinalityDocument:
        """Say where series are many: so many hosts, metrics and keys of attributes, those with the most first."""
        count = partial(self._count, self._catalog.holdings(), self._catalog.active(), limit)
        return await asyncio.to_thread(count)

    def _list(self, holdings: Holdings, query: SeriesQuery) -> SeriesPage:
        selections = [parse_matchers(text) for text in query.match]
        if query.host is not None:
            holdings = Holdings(holdings.index, [each for each in holdings.hosts if each.host.key == query.host.key])
        found = search(holdings, selections)
        series = holdings.index.series
        rows = self._rows(found, series, query.cursor)
        page = list(islice(rows, query.limit + 1))
        more = len(page) > query.limit
        return SeriesPage(page[: query.limit], found.total(), _cursor(page[query.limit - 1]) if more else None)

    def _rows(self, found: Found, series: Sequence[Series], cursor: str | None) -> Iterator[SeriesRow]:
        """Yield what was found after the cursor; hosts before it are not looked into."""
        host_id, _, mark = (cursor or "").partition(".")
        hosts = sorted(found.of_hosts(), key=lambda each: (each[0].host.name, each[0].host.host_id))
        rest = dropwhile(lambda each: cursor is not None and each[0].host.host_id != host_id, hosts)
        rows = chain.from_iterable(self._rows_of(*each, series) for each in rest)
        if cursor is None:
            return rows
        rest_of_rows = dropwhile(lambda row: row.host.id == host_id and _mark(row) != mark, rows)
        last = next(rest_of_rows, None)
        if last is None or last.host.id != host_id:
            raise BadRequestError("The cursor is of a series that is no longer in the list.", hint="sysmon series list")
        return rest_of_rows

    def _rows_of(self, holding: Holding, numbers: Numbers, series: Sequence[Series]) -> Iterator[SeriesRow]:
        """Yield the series of a host, in order."""
        in_order = sorted(numbers.tolist(), key=lambda number: (series[number].metric, series[number].attributes))
        having = [np.isin(in_order, self._catalog.numbers(schema)).tolist() for schema in holding.schemas]
        named = HostName(holding.host.host_id, holding.host.name)
        for place, number in enumerate(in_order):
            schemas = (schema for schema, has in zip(holding.schemas, having, strict=True) if has[place])
            first_ms, last_ms = self._catalog.span(holding.host.key, schemas)
            one = series[number]
            yield SeriesRow(named, one.metric, dict(one.attributes), first_ms, last_ms)

    def _count(self, holdings: Holdings, active: dict[int, int], limit: int) -> CardinalityDocument:
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


def _cursor(row: SeriesRow) -> str:
    return f"{row.host.id}.{_mark(row)}"


def _mark(row: SeriesRow) -> str:
    """Stand for a series among those of its host, however long its attributes are."""
    text = "\0".join((row.metric, *chain.from_iterable(row.attributes.items())))
    return blake2b(text.encode(), digest_size=_MARK_BYTES).hexdigest()
