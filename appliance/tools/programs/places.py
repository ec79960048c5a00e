"""Where a program is on this machine already."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from appliance.tools.programs.catalogue import Program


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where programs are kept, outside every clone."""
    base = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "sysmon" / "tools"


def kept(program: Program, cache: Path) -> Path:
    """Where this version of a program is kept; nothing need be there."""
    return cache / f"{program.name}-{program.version}" / program.name


def present(program: Program, cache: Path) -> Path | None:
    """Find a program whose version fits: one on PATH first, then the one that was kept."""
    on_path = shutil.which(program.name)
    candidates = [Path(on_path)] if on_path else []
    return next((path for path in [*candidates, kept(program, cache)] if fits(program, path)), None)


def fits(program: Program, path: Path) -> bool:
    """Whether a file runs, and is the program in a version that is accepted."""
    try:
        done = subprocess.run(
            [path, *program.asked], capture_output=True, text=True, check=False, timeout=20, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return False
    return done.returncode == 0 and program.accepts(done.stdout)
