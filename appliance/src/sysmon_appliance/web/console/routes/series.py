"""Series: which there are, and what makes so many of them."""

from starlette.responses import Response

from sysmon_appliance.services.series_answers import SeriesQuery
from sysmon_appliance.services.series_documents import CardinalityDocument, SeriesPage
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.common_parameters import HOST, host_of
from sysmon_appliance.web.console.parameters import Parameter

MAX_LISTED = 1000
_MOST_SELECTORS = 10


async def list_series(call: Call) -> Response:
    given = call.given
    query = SeriesQuery(
        match=given.all("match"),
        host=host_of(call),
        limit=given.integer("limit", 100),
        cursor=given.optional("cursor"),
    )
    return json_response(await call.side.series.list(query))


async def cardinality(call: Call) -> Response:
    return json_response(await call.side.series.cardinality(call.given.integer("limit", 20)))


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/series",
        "Series of hosts, and when each was there first and last; by host, metric and attributes.",
        list_series,
        SeriesPage,
        (
            Parameter(
                "match",
                'Only series that fit `metric{key="value",other!~"pattern"}`, or another of these; hosts are matched '
                "by `host`, `host_id` and the keys of their labels.",
                most=_MOST_SELECTORS,
            ),
            HOST,
            Parameter("limit", "Series on a page. Default: 100.", at_least=1, at_most=MAX_LISTED),
            Parameter("cursor", "`next` of the page before."),
        ),
        problems=("not_found",),
    ),
    ApiRoute(
        "GET",
        "/api/v1/series/cardinality",
        "Where series are many: hosts, metrics and keys of attributes, those with the most first.",
        cardinality,
        CardinalityDocument,
        (Parameter("limit", "Entries of each list. Default: 20.", at_least=1, at_most=MAX_LISTED),),
    ),
)
