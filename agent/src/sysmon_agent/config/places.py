"""Where files lie when nobody says: the system's folders for root, those of the XDG rules for everybody else.

https://specifications.freedesktop.org/basedir-spec/latest/
"""

from collections.abc import Mapping
from dataclasses import dataclass

SYSTEM_CONFIG, SYSTEM_STATE, SYSTEM_RUNTIME = "/etc/sysmon", "/var/lib/sysmon", "/run/sysmon"


@dataclass(frozen=True, slots=True)
class Places:
    """The three folders that the defaults of settings begin with."""

    config: str = SYSTEM_CONFIG
    state: str = SYSTEM_STATE
    runtime: str = SYSTEM_RUNTIME

    def settings_file(self, program: str) -> str:
        """Return where a program's settings are looked for."""
        return f"{self.config}/{program}.yaml"

    def locate(self, default: str) -> str:
        """Move a default that lies in a folder of the system to where it lies for this user."""
        for system, ours in ((SYSTEM_CONFIG, self.config), (SYSTEM_STATE, self.state), (SYSTEM_RUNTIME, self.runtime)):
            if default.startswith(f"{system}/"):
                return ours + default.removeprefix(system)
        return default


SYSTEM = Places()


def places_of(uid: int, environ: Mapping[str, str]) -> Places:
    """Return the folders of a user; where no session has a runtime folder, one in the state folder does."""
    if uid == 0:
        return SYSTEM
    home = environ.get("HOME", "/")
    state = f"{_folder(environ, 'XDG_STATE_HOME') or f'{home}/.local/state'}/sysmon"
    runtime = _folder(environ, "XDG_RUNTIME_DIR")
    return Places(
        config=f"{_folder(environ, 'XDG_CONFIG_HOME') or f'{home}/.config'}/sysmon",
        state=state,
        runtime=f"{runtime}/sysmon" if runtime else f"{state}/run",
    )


def _folder(environ: Mapping[str, str], variable: str) -> str:
    named = environ.get(variable, "")
    return named if named.startswith("/") else ""  # the rules ask to ignore a relative path
