"""The aggregators that this user has signed in to, in a file that nobody else can read."""

import fcntl
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sysmon_agent.errors import ConfigError
from sysmon_appliance.cli.failures import PermissionDeniedError
from sysmon_appliance.errors import NotFoundError
from sysmon_appliance.files import replace_file

LOCAL = "local"
"""Names no context: the aggregator of this machine, at its socket."""


@dataclass(frozen=True, slots=True)
class Context:
    """How an aggregator is reached."""

    name: str
    url: str
    token: str = field(repr=False)
    user: str = ""
    expires_ms: int = 0  # the token's end
    authority: str = field(default="", repr=False)  # PEM; empty where the system's store is trusted


@dataclass(frozen=True, slots=True)
class Contexts:
    """What the file holds; a value."""

    known: Mapping[str, Context] = field(default_factory=dict)
    current: str = LOCAL

    def find(self, name: str) -> Context:
        """Return a context by its name.

        Raises
        ------
        NotFoundError
            There is none.
        """
        found = self.known.get(name)
        if found is None:
            raise NotFoundError(f"There is no context {name!r}.", hint="sysmon context list")
        return found

    def using(self, name: str) -> "Contexts":
        """Make a context the current one.

        Raises
        ------
        NotFoundError
            There is none of that name.
        """
        return Contexts(self.known, name if name == LOCAL else self.find(name).name)

    def adding(self, context: Context) -> "Contexts":
        """Add a context, or replace the one of its name, and make it the current one."""
        return Contexts({**self.known, context.name: context}, context.name)

    def without(self, name: str) -> "Contexts":
        """Remove a context; where it was the current one, this machine is.

        Raises
        ------
        NotFoundError
            There is none of that name.
        """
        gone = self.find(name).name
        rest = {each: context for each, context in self.known.items() if each != gone}
        return Contexts(rest, LOCAL if self.current == gone else self.current)


def contexts_file(environ: Mapping[str, str]) -> Path:
    """Return where the file is by the XDG rules."""
    base = environ.get("XDG_CONFIG_HOME")
    return Path(base or Path.home() / ".config") / "sysmon" / "contexts.yaml"


def load_contexts(file: Path) -> Contexts:
    """Read the file; nothing is known where there is none.

    Raises
    ------
    ConfigError, PermissionDeniedError
        It cannot be read, or others can.
    """
    try:
        with file.open(encoding="utf-8") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                raise PermissionDeniedError(f"Others may read the tokens in {file}.", hint=f"chmod 600 {file}")
            return _read(yaml.safe_load(opened) or {})
    except FileNotFoundError:
        return Contexts()
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        raise ConfigError(f"{file} cannot be used: {error}.", hint=f"mv {file} {file}.broken") from error


def change_contexts(file: Path, change: Callable[[Contexts], Contexts]) -> None:
    """Change what the file holds; commands that do so at the same time wait for each other.

    Raises
    ------
    ConfigError, PermissionDeniedError
        It cannot be read or written, or others can.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = file.with_name(".contexts.lock")
        lock.touch(0o600)
        with lock.open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            replace_file(file, _written(change(load_contexts(file))))
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error}.", hint=f"ls -ld {file.parent}") from error


def _written(contexts: Contexts) -> bytes:
    known = {
        context.name: {
            "url": context.url,
            "token": context.token,
            "user": context.user,
            "expires_ms": context.expires_ms,
            "authority": context.authority,
        }
        for context in contexts.known.values()
    }
    return yaml.safe_dump({"current": contexts.current, "contexts": known}, sort_keys=False).encode()


def _read(document: Any) -> Contexts:
    known = {str(name): _context(str(name), fields) for name, fields in document.get("contexts", {}).items()}
    current = str(document.get("current", LOCAL))
    return Contexts(known, current if current in known else LOCAL)


def _context(name: str, fields: Mapping[str, Any]) -> Context:
    return Context(
        name,
        str(fields["url"]),
        str(fields["token"]),
        user=str(fields.get("user", "")),
        expires_ms=int(fields.get("expires_ms", 0)),
        authority=str(fields.get("authority", "")),
    )
