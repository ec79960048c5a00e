"""The page of metrics is what the program measures. `SYSMON_UPDATE_GOLDEN=1` writes its tables anew, for review."""

import os
import re
from collections.abc import Iterator

import pytest

from sysmon_agent.collectors import REGISTRY, assemble
from sysmon_agent.collectors.base import Collector
from sysmon_agent.names import METRICS, PROCESS_COLUMNS, Metric, prometheus_name
from tests.support.proc_trees import Machine, machine_names
from tests.support.tree import ROOT

PAGE = ROOT / "docs" / "reference" / "metrics.md"
BEGIN, END = "## By collector\n", "## What is left out\n"

# Measured of collectors, by the set of them.
OF_THE_SET = ("sysmon.agent.collector.duration", "sysmon.agent.collector.failures")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Names of the metrics that each collector measures on any of the recorded machines."""
    machines = [Machine(name, tmp_path_factory.mktemp("machines")) for name in machine_names()]
    return {kind.name: {name for machine in machines for name in metrics_of(kind, machine)} for kind in REGISTRY}


def metrics_of(kind: type[Collector], machine: Machine) -> Iterator[str]:
    for series in assemble(machine.context(), (kind,)).tick().schema.series:
        if series.metric not in OF_THE_SET or kind.name == "agent":
            yield series.metric


def tables(measured: dict[str, set[str]]) -> str:
    return "\n".join(line for name, metrics in measured.items() for line in section(name, metrics))


def section(collector: str, metrics: set[str]) -> Iterator[str]:
    yield f"\n### {collector}\n"
    yield "| metric | unit | kind | attributes | in PromQL | in node_exporter | meaning |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for metric in METRICS.values():
        if metric.name in metrics:
            yield row(metric)


def row(metric: Metric) -> str:
    attributes = " ".join(f"`{name}`" for name in metric.attributes)
    peer = f"`{metric.node_exporter}`" if metric.node_exporter else ""
    cells = (
        f"`{metric.name}`",
        f"`{metric.unit}`",
        metric.kind.value,
        attributes,
        f"`{prometheus_name(metric)}`",
        peer,
    )
    return f"| {' | '.join(cells)} | {metric.description} |".replace("|  |", "| |")


def test_every_metric_is_measured(measured: dict[str, set[str]]) -> None:
    """Each metric of the table is measured by exactly one collector, and nothing else is measured."""
    names = sorted(name for metrics in measured.values() for name in metrics)
    assert names == sorted(METRICS)


def test_the_page_lists_every_metric(measured: dict[str, set[str]]) -> None:
    """The reference has each metric with its unit, kind, attributes and other names, under its collector."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END) :]
    written = f"{before}{tables(measured)}\n\n{after}"
    if os.environ.get("SYSMON_UPDATE_GOLDEN"):
        PAGE.write_text(written, encoding="utf-8")
    assert page == written


def test_the_page_lists_every_column_of_processes() -> None:
    """The reference has each column of the table of processes, in order."""
    table = PAGE.read_text(encoding="utf-8").partition("| column |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [name for name, _ in PROCESS_COLUMNS]
