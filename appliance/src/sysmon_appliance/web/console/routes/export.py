"""History on its way out."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.responses import Response, StreamingResponse

from sysmon_appliance.domain.segments import Kind
from sysmon_appliance.services.exporting import ExportQuery, Step, Steps
from sysmon_appliance.web.console.api import ApiRoute, Call
from sysmon_appliance.web.console.common_parameters import HOST, SPAN, TEN_YEARS, host_of, span
from sysmon_appliance.web.console.parameters import Parameter

_LINES = "application/x-ndjson"
_LEVELS = (Kind.RAW, Kind.MINUTE, Kind.HOUR)


async def export(call: Call) -> Response:
    """Plan the export, and answer step by step as fast as the caller reads."""
    given = call.given
    from_ms, to_ms = span(given, call.side.clock.wall_ms(), TEN_YEARS)
    query = ExportQuery(
        match=given.all("match"),
        host=host_of(call),
        from_ms=from_ms,
        to_ms=to_ms,
        level=Kind(given.text("level", Kind.RAW)),
    )
    steps = await asyncio.to_thread(call.side.exporter.steps, call.side.series.holdings(), query)
    headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="history.jsonl"'}
    return StreamingResponse(_lines(call, steps), media_type=_LINES, headers=headers)


async def _lines(call: Call, steps: Steps) -> AsyncIterator[bytes]:
    """Yield the lines of each step, and how many steps are done; the last line says that nothing is missing."""
    encoder = msgspec.json.Encoder()
    values = 0
    for number, step in enumerate(steps, 1):

        def read(step: Step = step) -> tuple[bytes, int]:
            lines = call.side.exporter.lines(step)
            return encoder.encode_lines(lines), sum(len(line.t) for line in lines)

        encoded, count = await call.side.in_thread(read)
        values += count
        yield encoded + encoder.encode({"done": number, "of": len(steps)}) + b"\n"
    yield encoder.encode({"end": True, "values": values}) + b"\n"


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/export",
        "Values of series, one JSON object per line: `host`, `host_id`, `metric`, `attributes`, `t` in milliseconds and"
        " `values`. Between them are lines with `done` and `of`; the last line has `end`, or something is missing."
        " Rollups are series with the attribute `sysmon.statistic`.",
        export,
        _LINES,
        (
            Parameter(
                "match", "Only series that fit a selector, as of `/api/v1/series`, or another of these.", most=10
            ),
            HOST,
            *SPAN,
            Parameter("level", "Ticks or rollups. Default: raw.", choices=_LEVELS),
        ),
        problems=("not_found",),
    ),
)
