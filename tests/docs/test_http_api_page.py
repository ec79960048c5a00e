"""The page of the API is what the program serves. `SYSMON_UPDATE_GOLDEN=1` writes its lists anew, for review."""

import asyncio
import os
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sysmon_appliance.domain.canonical import CANONICAL
from sysmon_appliance.web.authorisation import Audience, Least, least
from sysmon_appliance.web.console.api import ApiRoute
from sysmon_appliance.web.console.audit_metrics import AuditHead
from sysmon_appliance.web.console.certificate_metrics import CertificateEnds
from sysmon_appliance.web.console.parameters import Parameter
from sysmon_appliance.web.console.route_problems import problems_of
from sysmon_appliance.web.console.routes import API
from sysmon_appliance.web.console.routes.openapi import document
from sysmon_appliance.web.ingest import Refusals
from sysmon_appliance.web.limits import Limited
from tests.support.console import Console
from tests.support.tree import ROOT

PAGE = ROOT / "docs/reference/http-api.md"
FIRST_LIST = "## Routes\n"


def table(*rows: tuple[str, ...]) -> Iterator[str]:
    """Write a table whose first row is its head."""
    head, *body = rows
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("---" for _ in head) + " |"
    yield from ("| " + " | ".join(row) + " |" for row in body)
    yield ""


def parameter_row(parameter: Parameter) -> tuple[str, ...]:
    often = f", up to {parameter.most} times" if parameter.most > 1 else ""
    required = "required; " if parameter.required else ""
    return f"`{parameter.name}`", f"{required}{parameter.allowed}{often}", parameter.help


def route_lines(route: ApiRoute) -> Iterator[str]:
    yield f"### {route.method} {route.path}\n"
    yield re.sub(r"\. (?=[A-Z`])", ".\n", route.summary) + "\n"
    if route.parameters:
        yield from table(("parameter", "allowed", "meaning"), *map(parameter_row, route.parameters))
    yield f"{needed_text(least(route.method, route.path))}\n"
    if route.body is not None:
        yield f"Takes [{route.body.__name__}](#{route.body.__name__.lower()}).\n"
    also = f" or {route.also}" if route.also else ""
    yield f"Answers {route.status}{also} with {answer_name(route)}.\n"
    yield "Else " + "; ".join(problem_text(status, codes) for status, codes in problems_of(route).items()) + ".\n"


def problem_text(status: int, codes: list[str]) -> str:
    return f"{status} " + ", ".join(f"`{code}`" for code in codes)


def needed_text(needed: Least) -> str:
    """Say who may use a route."""
    match needed:
        case Audience.PUBLIC:
            return "Needs nothing."
        case Audience.SOCKET:
            return "Needs the Unix socket."
        case _:
            return f"Needs the role {needed}."


def answer_name(route: ApiRoute) -> str:
    if route.status == 204:
        return "nothing"
    if isinstance(route.answer, str):
        return f"`{route.answer}`"
    name = route.answer.__name__
    return f"[{name}](#{name.lower()})" if issubclass(route.answer, msgspec.Struct) else "an object"


def kind(schema: dict[str, Any]) -> str:
    """Name a JSON schema's type in a word or two."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        items = kind(schema.get("items") or {})
        return f"list of ({items})" if " " in items else f"list of {items}"
    if schema.get("type") == "object":
        return (
            f"map of names to {kind(schema['additionalProperties'])}" if "additionalProperties" in schema else "object"
        )
    return str(schema.get("type", "any"))


def answer_lines(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if "enum" in schema:
        yield "One of " + ", ".join(f"`{each}`" for each in schema["enum"]) + ".\n"
        return
    fields = ((f"`{field}`", kind(found)) for field, found in schema["properties"].items())
    yield from table(("field", "type"), *fields)


def own_metric_lines() -> Iterator[str]:
    console, others = Console(), CollectorRegistry()
    for collector in (Refusals({}), Limited({}), AuditHead(console.control.audit), CertificateEnds(console.own)):
        others.register(collector)
    text = asyncio.run(console.telemetry.exposition()).decode() + generate_latest(others).decode()
    families = [family for family in text_string_to_metric_families(text) if not family.name.endswith("_created")]
    suffix = {"counter": "_total"}
    rows = ((f"`{each.name}{suffix.get(each.type, '')}`", each.type, each.documentation) for each in families)
    yield from table(("metric", "type", "meaning"), *sorted(rows))


def lists() -> str:
    """Write everything that the program itself declares."""
    lines = [FIRST_LIST]
    for route in API:
        lines += route_lines(route)
    lines += ["## Answers\n", "A number that is not known is null.\n"]
    for name, schema in document(API)["components"]["schemas"].items():
        lines += answer_lines(name, schema)
    lines += ["## Canonical metrics\n", "The few numbers by which hosts are compared, in the order of `values`.\n"]
    rows = ((f"`{each.name}`", f"`{each.unit}`", each.description) for each in CANONICAL)
    lines += table(("metric", "unit", "meaning"), *rows)
    lines += ["## Metrics of the aggregator\n", "What `/metrics` tells Prometheus.\n"]
    lines += own_metric_lines()
    return "\n".join(lines).rstrip("\n") + "\n"


def test_the_page_lists_what_is_served() -> None:
    """The page of the API lists every route with its parameters and answers, and every metric of the aggregator."""
    text = PAGE.read_text() if PAGE.exists() else ""
    opening = text.partition(FIRST_LIST)[0].rstrip("\n") + "\n\n"
    if os.environ.get("SYSMON_UPDATE_GOLDEN"):
        PAGE.write_text(opening + lists())
    assert PAGE.read_text() == opening + lists()


def test_answers_are_declared() -> None:
    """Every route says what shape its answer has, so that programs can rely on it."""
    for route in API:
        assert isinstance(route.answer, str) or msgspec.json.schema(route.answer), route.path
