"""What users install: the wheels as they are built."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.tree import ROOT, under

CONSOLE = "appliance/src/sysmon_appliance/web/static/index.html"


def wheel_names(distribution: str, folder: Path) -> set[str]:
    """Build a distribution's wheel and list what it holds."""
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--offline", "--quiet", "-o", str(folder), distribution]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize("distribution", ["agent", "appliance"])
def test_wheel_holds_every_file_of_its_source(distribution: str, tmp_path: Path) -> None:
    """A wheel holds all that its source has: code, migrations, recordings and the published protocol."""
    source = f"{distribution}/src"
    expected = {name.removeprefix(f"{source}/") for name in under(source)}
    assert expected <= wheel_names(distribution, tmp_path)


def test_appliance_wheel_holds_the_console(tmp_path: Path) -> None:
    """The appliance's wheel holds the built console, though git ignores it."""
    if not (ROOT / CONSOLE).exists():
        pytest.skip("The console has not been built; `make console` builds it.")
    assert CONSOLE.removeprefix("appliance/src/") in wheel_names("appliance", tmp_path)
