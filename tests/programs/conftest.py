"""A program that is small enough to be made in a test."""

from pathlib import Path

import pytest

from appliance.tools.programs.catalogue import GoBuild, Program

SCRIPT = b"#!/bin/sh\necho greeter v1.2.3\n"
SOURCE = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("greeter v1.2.3") }\n'


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Where programs are kept; not there yet."""
    return tmp_path / "cache" / "tools"


@pytest.fixture
def greeter(tmp_path: Path) -> Program:
    """A program that no machine has."""
    module = tmp_path / "module"
    module.mkdir()
    (module / "go.mod").write_text("module example.invalid/greeter\n\ngo 1.20\n", encoding="utf-8")
    (module / "main.go").write_text(SOURCE, encoding="utf-8")
    return Program("sysmon_greeter", "Greeter", "1.2.3", "2", (), GoBuild(module, ".", "-s -w"))


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """What an operator hands over: the program itself."""
    path = tmp_path / "handed-over"
    path.write_bytes(SCRIPT)
    return path
