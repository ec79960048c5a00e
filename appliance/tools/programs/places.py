"""Where a program is on this machine already."""

import os
import shutil
import subprocess
from pathlib import Path

from appliance.tools.programs.catalogue import Program


def cached(program: Program) -> Path:
    """Where `make tools` keeps this version, outside the clone; nothing need be there."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "sysmon" / "tools" / f"{program.name}-{program.version}" / program.name


def present(program: Program) -> Path | None:
    """Find a program whose version fits: one on PATH first, then the one that `make tools` keeps."""
    on_path = shutil.which(program.name)
    if on_path and fits(program, Path(on_path)):
        return Path(on_path)
    kept = cached(program)
    return kept if os.access(kept, os.X_OK) else None


def fits(program: Program, path: Path) -> bool:
    """Whether a file runs, and is the program in a version that is accepted."""
    try:
        done = subprocess.run(
            [path, *program.asked], capture_output=True, text=True, check=False, timeout=20, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return False
    return done.returncode == 0 and program.accepts(done.stdout)
