"""Where local mode keeps things; light, because every command asks."""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sysmon_appliance.errors import StorageError
from sysmon_appliance.files import replace_file

DEFAULT_SOCKET = Path("/run/sysmon/aggregator.sock")
"""The socket of an installed aggregator."""

MAX_SOCKET_PATH_BYTES = 103
"""Bytes that every system allows in the path of a Unix socket; Linux would allow four more."""


@dataclass(frozen=True, slots=True)
class Running:
    """What a running local mode tells other commands."""

    pid: int
    socket: Path
    console: str  # HOST:PORT


def default_folder(environ: Mapping[str, str]) -> Path:
    """Return the data folder by the XDG rules."""
    base = environ.get("XDG_DATA_HOME")
    return Path(base or Path.home() / ".local" / "share") / "sysmon"


def running_in(folder: Path) -> Running | None:
    """Read who runs in a folder; None when nobody says so. A crash may have left an old word behind."""
    try:
        said = json.loads((folder / "run.json").read_bytes())
        return Running(said["pid"], Path(said["socket"]), said["console"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def say_running(folder: Path, running: Running | None) -> None:
    """Write what `running_in` reads, or take it back."""
    file = folder / "run.json"
    if running is None:
        file.unlink(missing_ok=True)
        return
    said = {"pid": running.pid, "socket": str(running.socket), "console": running.console}
    replace_file(file, json.dumps(said).encode())


def socket_folder(folder: Path, environ: Mapping[str, str]) -> Path:
    """Return a private folder that is short enough for sockets: the data folder, or one named after it.

    Raises
    ------
    StorageError
        Somebody else owns the folder that would be used.
    """
    if _is_short(folder):
        return folder
    name = f"sysmon-{os.getuid()}-{hashlib.sha256(bytes(folder)).hexdigest()[:12]}"
    runtime = environ.get("XDG_RUNTIME_DIR")
    short = Path(runtime) / name if runtime and _is_short(Path(runtime) / name) else Path("/tmp") / name  # noqa: S108 - checked below
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()  # anyone may make a folder in /tmp, and a link to one
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != 0o700:
        raise StorageError(f"{short} is not a private folder of yours.", hint=f"ls -ld {short}")
    return short


def _is_short(folder: Path) -> bool:
    return len(bytes(folder / "aggregator.sock")) <= MAX_SOCKET_PATH_BYTES
