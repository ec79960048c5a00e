"""The services are locked down, and the published scores are what systemd gives them."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sysmon_agent.cli.app import parser
from sysmon_agent.config.places import SYSTEM, places_of
from sysmon_appliance.cli.aggregator import app as aggregator
from tests.support.tree import ROOT, read

FOLDERS = "agent/systemd/sysmon.tmpfiles"
UNITS = ("agent/systemd/sysmon-agent.service", "appliance/systemd/sysmon-aggregator.service")
PAGE = "docs/how-to/harden-a-service.md"
ANALYZE = shutil.which("systemd-analyze")
HIGHEST_EXPOSURE = 20  # in tenths; systemd calls more than 4.9 medium, and a service without any of this has 9.2

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not on this machine.")


def service(unit: str) -> configparser.SectionProxy:
    """Return what a unit says of its service; where a name stands twice, the last line."""
    reader = configparser.ConfigParser(strict=False, interpolation=None)
    reader.optionxform = str  # type: ignore[assignment,method-assign] # names keep their capitals
    reader.read_string(read(unit))
    return reader["Service"]


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ANALYZE), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_units_are_understood(unit: str, tmp_path: Path) -> None:
    """systemd finds nothing to complain about in a unit."""
    copy = tmp_path / Path(unit).name
    copy.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={shutil.which('true')}", read(unit), flags=re.MULTILINE))
    checked = analyze("verify", "--man=no", str(copy))
    assert (checked.returncode, checked.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_exposure_is_low(unit: str) -> None:
    """Whichever release of systemd judges a unit, its exposure stays low."""
    judged = analyze("security", "--offline=yes", f"--threshold={HIGHEST_EXPOSURE}", "--no-pager", unit)
    assert judged.returncode == 0, judged.stdout


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_the_published_score_is_true(unit: str) -> None:
    """The page gives each service the score that the release of systemd named there gives it."""
    score = re.search(rf"`{Path(unit).stem}` \| ([0-9.]+) \| systemd ([0-9]+)", read(PAGE))
    assert score is not None
    if f"systemd {score[2]} " not in analyze("--version").stdout:
        pytest.skip(f"The published scores are of systemd {score[2]}.")
    judged = analyze("security", "--offline=yes", "--no-pager", unit).stdout
    assert f"exposure level for {Path(unit).name}: {score[1]} " in judged


@pytest.mark.parametrize("unit", UNITS)
def test_services_have_no_capabilities(unit: str) -> None:
    """Neither service runs as root, has a capability, or can get one."""
    settings = service(unit)
    assert (settings["User"], settings["CapabilityBoundingSet"], settings["AmbientCapabilities"]) == ("sysmon", "", "")
    assert settings["NoNewPrivileges"] == "yes"


@pytest.mark.parametrize("unit", UNITS)
def test_services_use_the_places_of_the_system(unit: str) -> None:
    """A service's user has the folders of the system, though it is not root."""
    environ = dict(word.split("=") for word in service(unit)["Environment"].split())
    assert places_of(1000, environ) == SYSTEM


@pytest.mark.parametrize("unit", UNITS)
def test_services_write_where_their_settings_say(unit: str) -> None:
    """The folders that a service may write are those that its defaults name."""
    settings = service(unit)
    writable = f"{SYSTEM.state.rpartition('/')[0]}/{settings['StateDirectory']}"
    assert writable in {f"{SYSTEM.state}/spool", f"{SYSTEM.state}/live"}
    assert settings["ReadWritePaths"] == f"-{SYSTEM.config}/pki"


def test_their_folders_are_made_for_them() -> None:
    """Both can read the folder of settings and write that of certificates, which nobody else enters."""
    made = {words[1]: tuple(words[2:]) for line in read(FOLDERS).splitlines() if (words := line.split())[0] == "d"}
    assert made == {
        SYSTEM.config: ("0755", "root", "root"),
        f"{SYSTEM.config}/conf.d": ("0755", "root", "root"),
        f"{SYSTEM.config}/pki": ("0700", "sysmon", "sysmon"),
    }


def test_services_start_commands_that_exist() -> None:
    """Each unit starts a command that its program has."""
    program, command = service(UNITS[0])["ExecStart"].split()
    assert program.endswith("/sysmon-agent")
    assert callable(parser().parse_args([command]).command)
    program, command = service(UNITS[1])["ExecStart"].split()
    assert program.endswith("/sysmon-aggregator")
    assert command in {entry.name for entry in aggregator.registered_commands}
