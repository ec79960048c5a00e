"""The past of one host: a metric, and all charts."""

from starlette.responses import Response

from sysmon_appliance.domain.downsample import Window
from sysmon_appliance.errors import BadRequestError
from sysmon_appliance.services.documents import ChartsDocument, RangeDocument, charts_document, range_document
from sysmon_appliance.services.history import RangeQuery, is_counter
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.common_parameters import SPAN, TEN_YEARS, span
from sysmon_appliance.web.console.parameters import Given, Parameter

_WINDOW = (
    *SPAN,
    Parameter("points", "About how many points to give. Default: 800.", at_least=2, at_most=5000),
)


def _window(given: Given, now_ms: int) -> Window:
    return Window(*span(given, now_ms, TEN_YEARS), given.integer("points", 800))


def range_query(given: Given, now_ms: int) -> RangeQuery:
    """Read what `range` takes; counters are rates unless values are asked for."""
    metric = given.text("metric")
    by = given.optional("by")
    return RangeQuery(
        metric=metric,
        window=_window(given, now_ms),
        chosen=_chosen(given.all("attribute")),
        by=None if by is None else tuple(key for key in by.split(",") if key),
        rated=is_counter(metric) and given.text("as", "rate") == "rate",
    )


def _chosen(attributes: tuple[str, ...]) -> dict[str, frozenset[str]]:
    chosen: dict[str, frozenset[str]] = {}
    for attribute in attributes:
        key, colon, value = attribute.partition(":")
        if not colon:
            raise BadRequestError(f"The parameter 'attribute' must be KEY:VALUE, not {attribute[:50]!r}.")
        chosen[key] = chosen.get(key, frozenset()) | {value}
    return chosen


async def read_range(call: Call) -> Response:
    host = call.side.hosts.find(call.request.path_params["id"])
    query = range_query(call.given, call.side.clock.wall_ms())

    def answer() -> Response:
        return json_response(range_document(query, call.side.history.range(host, query)))

    return await call.side.in_thread(answer)


async def read_charts(call: Call) -> Response:
    host = call.side.hosts.find(call.request.path_params["id"])
    wanted = _window(call.given, call.side.clock.wall_ms())

    def answer() -> Response:
        found = call.side.history.charts(host, wanted)
        return json_response(charts_document(found.lines, found.gaps, found.level))

    return await call.side.in_thread(answer)


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/hosts/{id}/range",
        "One metric over time; counters as rates per second. Of more points than asked for, the minimum and the"
        " maximum of each slice of time stay. Null is no value; `gaps` says where ticks are missing, and why.",
        read_range,
        RangeDocument,
        (
            Parameter("metric", "OpenTelemetry name.", required=True),
            *_WINDOW,
            Parameter("attribute", "KEY:VALUE that series must have; several of one key are alternatives.", most=50),
            Parameter("by", "Attributes, separated by commas, to sum over all others; empty sums everything."),
            Parameter("as", "Whether counters become rates. Default: rate.", choices=("rate", "value")),
        ),
        problems=("not_found", "storage", "store_unreachable"),
    ),
    ApiRoute(
        "GET",
        "/api/v1/hosts/{id}/charts",
        "The charts of the host page, with shared times.",
        read_charts,
        ChartsDocument,
        _WINDOW,
        problems=("not_found", "storage", "store_unreachable"),
    ),
)
