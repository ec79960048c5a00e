"""The bill of materials says what is shipped, and nothing else."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.cyclonedx import schema_faults
from tests.support.tree import ROOT, read


def printed() -> str:
    command = [sys.executable, "appliance/tools/sbom.py"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(printed())
    return document


def names(bill: dict[str, Any], ecosystem: str) -> set[str]:
    return {part["name"] for part in bill["components"] if part["purl"].startswith(f"pkg:{ecosystem}/")}


def test_the_bill_is_cyclonedx(bill: dict[str, Any]) -> None:
    """The document follows the official schema of CycloneDX 1.6."""
    assert not schema_faults(bill)


def test_the_schema_would_notice() -> None:
    """The schema in use finds what is wrong with a document."""
    assert schema_faults({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "x"}]})


def test_the_bill_is_the_same_each_time(bill: dict[str, Any]) -> None:
    """The same locks give the same document, so that two releases can be compared."""
    assert json.loads(printed()) == bill
    assert not {"serialNumber", "timestamp"} & {*bill, *bill["metadata"]}


def test_what_runs_is_in_the_bill(bill: dict[str, Any]) -> None:
    """Direct and indirect dependencies of agent, appliance and console are there."""
    assert {"sysmon-agent", "sysmon-appliance", "psutil", "cryptography", "cffi", "starlette"} <= names(bill, "pypi")
    shipped = json.loads(read("appliance/console/package.json"))["dependencies"]
    assert {"sysmon-console", "@preact/signals-core", *shipped} <= names(bill, "npm")


def test_tools_are_not_in_the_bill(bill: dict[str, Any]) -> None:
    """What only builds or tests is not shipped and not listed."""
    assert not {"pytest", "mypy", "ruff", "hypothesis", "uv"} & names(bill, "pypi")
    assert not {"vite", "typescript", "vitest"} & names(bill, "npm")


def test_every_part_has_licence_and_checksums(bill: dict[str, Any]) -> None:
    """Each part says its licence, and each that others made has the checksums of the lock."""
    assert not [part["name"] for part in bill["components"] if not part["licenses"]]
    of_others = [part for part in bill["components"] if not part["name"].startswith("sysmon")]
    sources = {part["name"]: part.get("hashes") or part["externalReferences"][0]["hashes"] for part in of_others}
    assert all(sources.values())
    lock = read("requirements.lock")
    assert all(f"sha256:{it['content']}" in lock for it in sources["psutil"])


def test_every_dependency_leads_to_a_part(bill: dict[str, Any]) -> None:
    """The graph of dependencies begins at the product and refers to parts of the document only."""
    parts = {part["bom-ref"] for part in bill["components"]}
    graph = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    assert set(graph) == parts | {bill["metadata"]["component"]["bom-ref"]}
    assert {ref for below in graph.values() for ref in below} == parts
