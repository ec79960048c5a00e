"""Who did it: the processes of a host at a moment, and those that used most over a while."""

import msgspec
from starlette.responses import Response

from sysmon_appliance.domain.processes import ProcessUse
from sysmon_appliance.domain.ranking import Ranking
from sysmon_appliance.services.processes import TopQuery
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.common_parameters import MAX_MS, SPAN, Longest, span
from sysmon_appliance.web.console.parameters import Given, Parameter

_LONGEST = Longest(400, "400 days")
_DEFAULT_LIMIT = 10


class ProcessTable(msgspec.Struct, frozen=True):
    """`at` is the time of the tick, null when no table was found."""

    at: int | None
    columns: tuple[str, ...]
    rows: tuple[tuple[float | str | None, ...], ...]


class TopProcess(msgspec.Struct, frozen=True):
    """What a process used at the ticks at which it was in the table, `first` to `last`.

    `started` is in seconds since 1970, as in the table. `cpu_max` is a share of one core. What could not be read is
    null.
    """

    pid: int
    name: str
    user: str
    command: str
    started: float | None
    first: int
    last: int
    cpu_seconds: float | None
    cpu_max: float | None
    memory_max: float | None
    read_bytes: float | None
    written_bytes: float | None


class TopProcesses(msgspec.Struct, frozen=True):
    """`ticks` is how many ticks between `from_` and `to` had a table; others count for nothing."""

    from_: int = msgspec.field(name="from")
    to: int
    ticks: int
    processes: tuple[TopProcess, ...]


async def read_processes(call: Call) -> Response:
    host = call.side.hosts.find(call.request.path_params["id"])
    at_ms = call.given.integer("at", call.side.clock.wall_ms())

    def answer() -> Response:
        found = call.side.processes.at(host, at_ms)
        return json_response(ProcessTable(found.at_ms, found.columns, found.rows))

    return await call.side.in_thread(answer)


async def read_top_processes(call: Call) -> Response:
    host = call.side.hosts.find(call.request.path_params["id"])
    query = _top_query(call.given, call.side.clock.wall_ms())

    def answer() -> Response:
        found = call.side.processes.top(host, query)
        processes = tuple(_document(use) for use in found.processes)
        return json_response(TopProcesses(query.from_ms, query.to_ms, found.ticks, processes))

    return await call.side.in_thread(answer)


def _document(use: ProcessUse) -> TopProcess:
    return TopProcess(
        pid=use.pid,
        name=use.name,
        user=use.user,
        command=use.command,
        started=use.started_seconds,
        first=use.first_ms,
        last=use.last_ms,
        cpu_seconds=use.cpu_seconds,
        cpu_max=use.cpu_max,
        memory_max=use.memory_max,
        read_bytes=use.read_bytes,
        written_bytes=use.written_bytes,
    )


def _top_query(given: Given, now_ms: int) -> TopQuery:
    from_ms, to_ms = span(given, now_ms, _LONGEST)
    by = Ranking(given.text("by", Ranking.CPU))
    return TopQuery(from_ms, to_ms, by, given.integer("limit", _DEFAULT_LIMIT))


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/hosts/{id}/processes",
        "The newest table of the top processes at or before a time, no further back than a day.",
        read_processes,
        ProcessTable,
        (Parameter("at", "Milliseconds since 1970. Default: now.", at_least=0, at_most=MAX_MS),),
        problems=("not_found", "storage", "store_unreachable"),
    ),
    ApiRoute(
        "GET",
        "/api/v1/hosts/{id}/processes/top",
        "The processes that used most over a time, as far as they were in the tables of the top processes.",
        read_top_processes,
        TopProcesses,
        (
            *SPAN,
            Parameter(
                "by", "What they are ranked by; io is bytes read and written. Default: cpu.", choices=tuple(Ranking)
            ),
            Parameter("limit", "Processes at most. Default: 10.", at_least=1, at_most=200),
        ),
        problems=("not_found", "storage", "store_unreachable"),
    ),
)
