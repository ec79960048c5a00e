"""The pages of settings are what is declared. `SYSMON_UPDATE_GOLDEN=1` writes their tables anew, for review."""

import os
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest

from sysmon_agent.config.cast import UNITS
from sysmon_agent.config.declared import Declared, declared
from sysmon_agent.config.values import AgentSettings
from sysmon_appliance.config import AggregatorSettings
from tests.support.tree import ROOT

PAGES = {"agent-settings.md": AgentSettings, "aggregator-settings.md": AggregatorSettings}
BEGIN = "## Top level\n"

_TYPES = {
    str: "text",
    int: "whole number",
    float: "number",
    tuple[str, ...]: "list of texts",
    dict[str, str]: "map of texts",
}


def tables(kind: type) -> str:
    settings = declared(kind).values()
    sections = groupby(settings, key=lambda entry: entry.path[:-1])
    return "\n".join(line for above, entries in sections for line in section(above, entries))


def section(above: tuple[str, ...], entries: Iterator[Declared]) -> Iterator[str]:
    yield f"## {'.'.join(above)}\n" if above else BEGIN
    yield "| setting | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for entry in entries:
        yield f"| `{entry.key}` | {type_of(entry)} | {default_of(entry.default)} | {entry.help} |"
    yield ""


def type_of(entry: Declared) -> str:
    """Say what may be written: the kind of value, and its bounds or choices."""
    if entry.choices:
        return "one of " + ", ".join(f"`{choice}`" for choice in entry.choices)
    unit = entry.path[-1].rpartition("_")[2]
    words = [entry.form if entry.form != "text" else _TYPES[entry.type]]
    if entry.form == "address":
        words = ["HOST:PORT" if entry.type is str else "list of HOST:PORT"]
    words += [f"of {unit}"] if unit in UNITS else []
    if entry.at_least is not None and entry.at_most is not None:
        words += [f"from {bound(entry.at_least)} to {bound(entry.at_most)}"]
    return " ".join(words) + (", secret" if entry.secret else "")


def bound(value: float) -> str:
    return f"{int(value):,}" if float(value).is_integer() else f"{value:g}"


def default_of(value: Any) -> str:
    match value:
        case "" | () | {}:
            return "empty"
        case tuple():
            return ", ".join(f"`{item}`" for item in value)
        case int():
            return f"{value:,}"
        case float():
            return bound(value)
        case _:
            return f"`{value}`"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_lists_every_setting(name: str) -> None:
    """Every setting is documented with its type, bounds, default and meaning."""
    page = ROOT / "docs" / "reference" / name
    head, begin, shown = page.read_text(encoding="utf-8").partition(BEGIN)
    expected = tables(PAGES[name]).rstrip("\n") + "\n"
    if os.environ.get("SYSMON_UPDATE_GOLDEN"):
        page.write_text(head + expected, encoding="utf-8")
        return
    assert begin + shown == expected


@pytest.mark.parametrize("kind", PAGES.values())
def test_every_setting_says_what_it_is(kind: type) -> None:
    """Every setting has a sentence, and every number has bounds."""
    for entry in declared(kind).values():
        assert entry.help.endswith("."), entry.key
        if entry.type in {int, float}:
            assert entry.at_least is not None, entry.key
            assert entry.at_most is not None, entry.key
