"""The audit of dependencies tells `nothing is known` from `nobody was asked`."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.programs import load_program
from tests.support.tree import ROOT

PROGRAM = "appliance/tools/audit.py"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    return load_program(PROGRAM)


def a_package(**more: object) -> dict[str, object]:
    return {"name": "psutil", "version": "7.2.2", "vulns": [], **more}


def test_nothing_known_is_success(audit: ModuleType) -> None:
    """Packages that were asked about and have no known vulnerability pass."""
    python = audit.python_answer({"dependencies": [a_package()]})
    console = audit.console_answer({"vulnerabilities": {}, "metadata": {"dependencies": {"total": 105}}})
    assert audit.outcome([python, console]) == 0
    assert audit.lines(console) == ["package-lock.json: 105 packages checked, no known vulnerability"]


def test_a_vulnerability_fails(audit: ModuleType) -> None:
    """A known vulnerability is listed with the release that fixes it, and fails whatever else was not asked."""
    fault = {"id": "PYSEC-1", "fix_versions": ["7.2.3"]}
    python = audit.python_answer({"dependencies": [a_package(vulns=[fault])]})
    assert audit.lines(python) == ["requirements.lock: psutil 7.2.2: PYSEC-1, fixed in 7.2.3"]
    assert audit.outcome([python, audit.console_answer({"message": "405"})]) == 1
    console = audit.console_answer(
        {"vulnerabilities": {"vite": {"severity": "high", "range": "<8"}}, "metadata": {"dependencies": {"total": 1}}}
    )
    assert audit.lines(console) == ["package-lock.json: vite: high, <8"]


def test_a_skipped_package_was_not_checked(audit: ModuleType) -> None:
    """A package that the index does not know is no good news, though the tool reports success."""
    skipped = {"name": "apsw", "skip_reason": "not found on PyPI"}
    answer = audit.python_answer({"dependencies": [a_package(), skipped]})
    assert audit.lines(answer) == [
        "requirements.lock: 1 packages checked, no known vulnerability",
        "requirements.lock: NOT CHECKED: 1 packages; not found on PyPI",
    ]
    assert audit.outcome([answer]) == os.EX_UNAVAILABLE


def test_an_index_out_of_reach_is_told(tmp_path: Path) -> None:
    """Without network the audit says that nothing was checked, and ends with a code of its own."""
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "PATH": str(tmp_path)}
    environ = {**os.environ, **nowhere, "NO_PROXY": "", "no_proxy": "", "HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, PROGRAM], cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=100
    )
    assert ended.returncode == os.EX_UNAVAILABLE, ended.stderr
    assert "requirements.lock: NOT CHECKED: " in ended.stdout
    assert "package-lock.json: NOT CHECKED: " in ended.stdout
