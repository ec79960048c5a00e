"""Made-up answers of the series catalogue: all hosts have the same series, and some of them too many."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sysmon_agent.errors import SysmonError
from sysmon_appliance.domain.matchers import NAME_KEY, Matchers, parse_matchers
from sysmon_appliance.web.problems import problem_response
from tests.support.canned_fleet import CannedHost

DAY = 86_400_000
METRICS: dict[str, tuple[str, tuple[str, ...]]] = {
    # The key of the attribute that tells the series of a metric apart, and its values.
    "system.cpu.time": ("cpu.mode", ("user", "system", "idle", "iowait", "irq", "softirq", "steal", "nice")),
    "system.memory.usage": ("system.memory.state", ("used", "free", "cached", "buffers")),
    "system.disk.io": ("system.device", ("nvme0n1", "sda", "sdb", "sdc")),
    "system.filesystem.usage": ("system.filesystem.mountpoint", ("/", "/var", "/home", "/srv/a-rather-long-name")),
    "system.network.io": ("network.interface.name", ("eth0", "eth1", "docker0", "veth0a1b2c3d")),
    "hw.temperature": ("hw.name", ("Package id 0", "nvme Composite")),
}

Json = dict[str, Any]


def page(rows: Iterable[Json], match: str, *, limit: int, first: int = 0) -> Json:
    """The cursor of the next page is the number of series before it."""
    matchers = parse_matchers(match)
    chosen = [row for row in rows if _fits(row, matchers)]
    rest = len(chosen) > first + limit
    return {
        "series": list(islice(chosen, first, first + limit)),
        "total": len(chosen),
        "next": str(first + limit) if rest else None,
    }


def series(hosts: Sequence[CannedHost], now_ms: int) -> Iterator[Json]:
    for host in hosts:
        for metric, (key, values) in METRICS.items():
            for value in values:
                yield {
                    "host": {"id": host.id, "name": host.name},
                    "metric": metric,
                    "attributes": {key: value},
                    "first": now_ms - 60 * DAY,
                    "last": host.last_seen(now_ms),
                }


def _fits(row: Json, matchers: Matchers) -> bool:
    known: dict[str, str] = {**row["attributes"], NAME_KEY: row["metric"], "host": row["host"]["name"]}
    return all(matcher.accepts(known.get(matcher.key, "")) for matcher in matchers)


def cardinality(hosts: Sequence[CannedHost], limit: int) -> Json:
    each = sum(len(values) for _, values in METRICS.values())
    rows: list[Json] = [
        {"id": host.id, "name": host.name, "series": each + 9000 // (1 + place), "active": each}
        for place, host in enumerate(hosts)
    ]
    total = sum(row["series"] for row in rows)
    return {
        "total": total,
        "active": each * len(hosts),
        "limit_per_host": 10_000,
        "new_per_host_per_day": 20_000,
        "hosts": rows[:limit],
        "metrics": [{"metric": metric, "series": len(values) * len(hosts)} for metric, (_, values) in METRICS.items()][
            :limit
        ],
        "attributes": [
            {"key": key, "values": len(values), "series": len(values) * len(hosts)} for key, values in METRICS.values()
        ][:limit],
    }


def answer(hosts: Sequence[CannedHost], request: Request, now_ms: int) -> Json | Response:
    """Answer a request for series, or refuse its selector as the real server does."""
    given = request.query_params
    try:
        rows, first = series(hosts, now_ms), int(given.get("cursor", 0))
        return page(rows, given.get("match", ""), limit=int(given["limit"]), first=first)
    except SysmonError as error:
        return problem_response(error)
