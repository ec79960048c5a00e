"""What console and API say of series; times are milliseconds."""

import msgspec

from sysmon_appliance.services.hosts import HostName


class SeriesRow(msgspec.Struct, frozen=True):
    """A series of a host, and when it was there first and last."""

    host: HostName
    metric: str
    attributes: dict[str, str]
    first: int
    last: int


class SeriesPage(msgspec.Struct, frozen=True):
    """`total` counts all that was found, on every page."""

    series: list[SeriesRow]
    total: int
    next: str | None


class HostSeries(msgspec.Struct, frozen=True):
    """`active` are those that the host sends now."""

    id: str
    name: str
    series: int
    active: int


class MetricSeries(msgspec.Struct, frozen=True):
    metric: str
    series: int


class KeySeries(msgspec.Struct, frozen=True):
    """An attribute's key: how many values it has, and how many series have it."""

    key: str
    values: int
    series: int


class CardinalityDocument(msgspec.Struct, frozen=True):
    """Where series are many; `limit_per_host` is that of one batch."""

    total: int
    active: int
    limit_per_host: int
    new_per_host_per_day: int
    hosts: list[HostSeries]
    metrics: list[MetricSeries]
    attributes: list[KeySeries]
