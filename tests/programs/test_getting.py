"""Ways to a program: found, handed over, built; kept once for all clones."""

import hashlib
import shutil
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.tools.programs.catalogue import CargoBuild, Program
from appliance.tools.programs.getting import Outcome, get

VARIABLE = "SYSMON_TOOLS_SYSMON_GREETER"


def handed(path: Path, sha256: str = "") -> dict[str, str]:
    """Make the environment of an operator who hands a file over."""
    return {VARIABLE: str(path), f"{VARIABLE}_SHA256": sha256 or hashlib.sha256(path.read_bytes()).hexdigest()}


def contents(outcome: Outcome) -> bytes:
    assert outcome.path is not None, outcome.detail
    return outcome.path.read_bytes()


def test_a_program_on_path_is_taken(
    greeter: Program, cache: Path, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program on PATH whose version fits is taken as it is, and nothing is kept."""
    there = script.rename(script.with_name(greeter.name))
    there.chmod(0o755)
    monkeypatch.setenv("PATH", str(there.parent), prepend=":")
    assert get(greeter, cache, {}).path == there
    assert not cache.exists()


def test_a_file_is_taken_when_its_checksum_is_right(greeter: Program, cache: Path, script: Path) -> None:
    """A program that the operator hands over is checked and kept by its version."""
    outcome = get(greeter, cache, handed(script))
    assert contents(outcome) == script.read_bytes()
    assert outcome.path == cache / "sysmon_greeter-1.2.3" / "sysmon_greeter"


def test_a_file_is_refused_when_its_checksum_is_wrong(greeter: Program, cache: Path, script: Path) -> None:
    """A program that is not what the checksum promises is never run."""
    outcome = get(greeter, cache, handed(script, "0" * 64))
    assert outcome.path is None
    assert "was promised" in outcome.detail


def test_a_file_without_a_checksum_is_refused(greeter: Program, cache: Path, script: Path) -> None:
    """A program that is handed over without a checksum is not taken, and the message names what to set."""
    outcome = get(greeter, cache, {VARIABLE: str(script)})
    assert outcome.path is None
    assert f"set {VARIABLE}_SHA256" in outcome.detail


def test_an_address_without_tls_is_refused(greeter: Program, cache: Path) -> None:
    """An address is asked only over https."""
    outcome = get(greeter, cache, {VARIABLE: "http://example.invalid/greeter", f"{VARIABLE}_SHA256": "0"})
    assert outcome.path is None
    assert "https://" in outcome.detail


def test_archives_are_unpacked(greeter: Program, cache: Path, script: Path, tmp_path: Path) -> None:
    """The program is found in a zip and in a tar, in whatever folder it lies."""
    zipped, tarred = tmp_path / "a.zip", tmp_path / "a.tar.gz"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.write(script, f"greeter-1.2.3/{greeter.name}")
    with tarfile.open(tarred, "w:gz") as tar:
        tar.add(script, f"bin/{greeter.name}")
    for number, path in enumerate((zipped, tarred)):
        assert contents(get(greeter, cache / str(number), handed(path))) == script.read_bytes()


def test_another_program_is_refused(greeter: Program, cache: Path, script: Path) -> None:
    """What is handed over is kept only when it runs and says the right version."""
    script.write_bytes(b"#!/bin/sh\necho 0.9.0\n")
    outcome = get(greeter, cache, handed(script))
    assert outcome.path is None
    assert "is not version 1.2.3" in outcome.detail


def test_a_program_is_built_once(greeter: Program, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever needs a program while another builds it waits, and takes what the other has built."""
    if shutil.which("go") is None:
        pytest.skip("Go is not on this machine.")
    monkeypatch.setenv("GOPROXY", "off")
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: get(greeter, cache, {}), range(2)))
    assert len({outcome.path for outcome in outcomes}) == 1
    assert sum("built in" in outcome.detail for outcome in outcomes) == 1
    assert get(greeter, cache, {}).detail == "was there"


def test_a_build_that_fails_says_why(greeter: Program, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure quotes the compiler's last line, names the whole log, and leaves nothing that could be run."""
    if shutil.which("go") is None:
        pytest.skip("Go is not on this machine.")
    monkeypatch.setenv("GOPROXY", "off")
    assert not isinstance(greeter.build, CargoBuild)
    (greeter.build.module / "main.go").write_text("package main\n\nfunc main() { missing() }\n", encoding="utf-8")
    outcome = get(greeter, cache, {})
    assert outcome.path is None
    assert "undefined: missing" in outcome.detail
    assert "undefined: missing" in (cache / "sysmon_greeter-1.2.3" / "build.log").read_text(encoding="utf-8")
