"""The API's description, made of the same declarations that serve it."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from sysmon_appliance import __version__
from sysmon_appliance.domain.principals import Role
from sysmon_appliance.web.authorisation import Audience, Least, least
from sysmon_appliance.web.console import idempotency
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.parameters import Parameter
from sysmon_appliance.web.console.route_problems import problems_of
from sysmon_appliance.web.console.sessions import cookie_name
from sysmon_appliance.web.problems import MEDIA_TYPE, PROBLEMS

References = Mapping[type, Mapping[str, Any]]
"""Of each shape, the schema that refers to it."""

_WHOLE_PATH = re.compile(r"sysmon_appliance(?:\.\w+)*\.(\w+)\.(\w+)")
_REFERENCE = "#/components/schemas/{name}"
_PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "properties": {name: {"type": "string"} for name in ("type", "title", "code", "detail", "hint")}
    | {"status": {"type": "integer"}},
    "required": ["type", "title", "status", "code", "detail", "hint"],
}

_SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": cookie_name(secure=True)},
    "token": {"type": "http", "scheme": "bearer"},
    "socket": {"type": "apiKey", "in": "header", "name": "x-sysmon", "description": "Only over the Unix socket."},
}
_REPEATED = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": False,
    "description": "The same key with the same request gets the same answer for ten minutes.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


def document(routes: Sequence[ApiRoute]) -> dict[str, Any]:
    """Describe routes as OpenAPI 3.1."""
    shapes = [route.answer for route in routes if not isinstance(route.answer, str)]
    shapes += [route.body for route in routes if route.body is not None]
    schemas, components = _shortened(msgspec.json.schema_components(shapes, ref_template=_REFERENCE))
    references = dict(zip(shapes, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "SysMonitor", "version": __version__},
        "paths": paths,
        "components": {"schemas": components | {"Problem": _PROBLEM}, "securitySchemes": _SCHEMES},
    }


def _shortened(described: tuple[Any, ...]) -> Any:
    """Call shapes of one name in two modules SegmentsKind and PrincipalsKind, and not by their whole paths."""
    text = msgspec.json.encode(described).decode()
    return msgspec.json.decode(_WHOLE_PATH.sub(lambda found: found[1].title() + found[2], text))


def _responses(route: ApiRoute, references: References) -> dict[str, Any]:
    statuses = [status for status in (route.status, route.also) if status is not None]
    answers = {str(status): _answer(status, route, references) for status in statuses}
    return answers | {str(status): _problem(codes) for status, codes in problems_of(route).items()}


def _answer(status: int, route: ApiRoute, references: References) -> dict[str, Any]:
    described = {"description": HTTPStatus(status).phrase}
    return described if status == HTTPStatus.NO_CONTENT else described | {"content": _content(route, references)}


def _problem(codes: Sequence[str]) -> dict[str, Any]:
    """Describe problem documents with one of these codes."""
    narrowed = {"$ref": _REFERENCE.format(name="Problem"), "properties": {"code": {"enum": codes}}}
    titles = "; ".join(f"{PROBLEMS[code].title} ({code})" for code in codes)
    return {"description": f"{titles}.", "content": {MEDIA_TYPE: {"schema": narrowed}}}


def _content(route: ApiRoute, references: References) -> dict[str, Any]:
    if isinstance(route.answer, str):
        return {route.answer: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": references[route.answer]}}


def _taken(route: ApiRoute, references: References) -> dict[str, Any]:
    """Describe the body that a route reads; nothing where it reads none."""
    if route.body is None:
        return {}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": references[route.body]}}}}


def _operation(route: ApiRoute, references: References) -> dict[str, Any]:
    parameters = [*_in_path(route.path), *(_in_query(parameter) for parameter in route.parameters)]
    return {
        "summary": route.summary,
        **_needed(least(route.method, route.path)),
        "parameters": [*parameters, _REPEATED] if route.creates else parameters,
        **_taken(route, references),
        "responses": _responses(route, references),
    }


def _needed(needed: Least) -> dict[str, Any]:
    """Describe who may ask. OpenAPI has no word for roles other than this, nor for the Unix socket."""
    if needed is Audience.PUBLIC:
        return {"security": []}
    return {"security": [{"session": [needed]}, {"token": [needed]}] if isinstance(needed, Role) else [{"socket": []}]}


def _in_path(path: str) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _in_query(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if parameter.is_integer:
        schema = {"type": "integer", "minimum": parameter.at_least, "maximum": parameter.at_most}
    elif parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.most > 1:
        schema = {"type": "array", "items": schema, "maxItems": parameter.most}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.help,
        "schema": schema,
    }


def route(described: Sequence[ApiRoute]) -> ApiRoute:
    """Make the route that serves the description of these routes, and of itself."""

    async def openapi(_: Call) -> Response:
        return json_response(document([*described, own]))

    own = ApiRoute("GET", "/api/v1/openapi.json", "This API as OpenAPI 3.1.", openapi, dict)
    return own
