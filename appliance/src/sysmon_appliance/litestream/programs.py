"""Finding Litestream, in a release that is known to do what is relied on."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sysmon_agent.errors import ConfigError

OLDEST = (0, 5, 18)
"""Earlier ones lose or tear what they copy in ways that were mended since."""

_SERIES = OLDEST[:2]  # the file format and the commands are those of one series
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_TIMEOUT_SECONDS = 20
_HINT = "sysmon-aggregator config show --effective"


@dataclass(frozen=True, slots=True)
class LitestreamProgram:
    """The program, and its release."""

    path: Path
    version: str


def find_litestream(name: str) -> LitestreamProgram:
    """Find the program that the setting `replica.litestream` names, and ask its version.

    Raises
    ------
    ConfigError
        There is none, or it cannot be used.
    """
    found = shutil.which(name)
    if found is None:
        raise ConfigError(f"replica.litestream: there is no program {name}.", hint=_HINT)
    version = _version(found)
    if version is None or version[:2] != _SERIES or version < OLDEST:
        told = ".".join(map(str, version)) if version else "no release of it"
        raise ConfigError(
            f"replica.litestream: {found} is {told}; Litestream {_text(OLDEST)} or a later {_text(_SERIES)} is needed.",
            hint=f"{found} version",
        )
    return LitestreamProgram(Path(found), _text(version))


def _version(program: str) -> tuple[int, ...] | None:
    try:
        done = subprocess.run(  # noqa: S603 - the program comes from the settings, the rest from here
            [program, "version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout)
    return tuple(map(int, found.groups())) if found else None


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
