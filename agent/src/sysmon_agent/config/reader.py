"""Makes a settings value from files, environment and command line.

What is given later in this list wins: the default, the settings file, the files of `conf.d` beside it in order of
their names, the environment, the command line. Every value that was written is checked, even one that another
overrides, and all faults are reported together.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path as FilePath
from typing import Any, Generic, TypeVar

from sysmon_agent.config.cast import cast
from sysmon_agent.config.declared import Declared, Path, declared
from sysmon_agent.config.document import Document
from sysmon_agent.config.opening import Opener
from sysmon_agent.config.places import SYSTEM, Places
from sysmon_agent.config.secret import HIDDEN, Secret
from sysmon_agent.config.sources import Found, Report, from_environment, from_overrides
from sysmon_agent.errors import ConfigError, Fault

T = TypeVar("T")

DEFAULT = "default"
_PROGRAMS = ("agent", "aggregator")


@dataclass(frozen=True, slots=True)
class Row:
    """One setting in use, as `config show` prints it."""

    key: str
    value: Any  # "(secret)" in place of a secret, and of each secret entry of a list or map
    source: str  # FILE:LINE, a variable, an option, or DEFAULT

    @property
    def is_set(self) -> bool:
        return self.source != DEFAULT


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """Settings, and where each of them came from."""

    settings: T
    rows: tuple[Row, ...]


def read(
    kind: type[T],
    *,
    path: FilePath | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any],
    places: Places = SYSTEM,
    optional: bool = False,
) -> T:
    """Return the settings of a program.

    Parameters
    ----------
    kind
        The settings class, such as AgentSettings.
    path
        The settings file, or None where there is none.
    environ
        Environment variables.
    overrides
        Options of the command line by key, such as {"spool.max_bytes": 1 << 30}; None means not given.
    places
        Where the paths lie that nobody sets.
    optional
        Whether the settings file may be missing, because nobody has named it; what is in conf.d counts all the same.

    Raises
    ------
    ConfigError
        Something is wrong; `faults` lists all of it.
    """
    return read_with_sources(
        kind, path=path, environ=environ, overrides=overrides, places=places, optional=optional
    ).settings


def read_with_sources(
    kind: type[T],
    *,
    path: FilePath | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any],
    places: Places = SYSTEM,
    optional: bool = False,
) -> Reading[T]:
    """Return the settings of a program and where each came from; see `read`."""
    table = declared(kind)
    faults: list[Fault] = []
    values = dict(_located(table, places))
    files = settings_files(path, optional=optional) if path is not None else ()
    written: dict[Path, Found] = {}
    opener = Opener(environ, faults.append)
    for where, sealed in _everything(table, faults.append, files=files, environ=environ, overrides=overrides):
        found = opener.open(table[where], sealed)
        if found is not None:
            values[where] = cast(table[where], found, faults.append)
            written[where] = found
    if faults:
        raise _refusal(faults)
    settings = _build(kind, values, ())
    return Reading(settings, tuple(_row(entry, values, written) for entry in table.values()))


def _everything(
    table: dict[Path, Declared],
    report: Report,
    *,
    files: Iterable[FilePath],
    environ: Mapping[str, str],
    overrides: Mapping[str, Any],
) -> Iterator[tuple[Path, Found]]:
    """Yield all that was written, the weakest first."""
    for file in files:
        yield from Document(file, table, report).values()
    yield from from_environment(environ, table, report)
    yield from from_overrides(overrides, table, report)


def _located(table: Mapping[Path, Declared], places: Places) -> Iterator[tuple[Path, str]]:
    """Yield the default of each path that lies elsewhere than the system's."""
    for where, entry in table.items():
        if entry.form == "path" and (located := places.locate(entry.default)) != entry.default:
            yield where, located


def settings_files(path: FilePath, *, optional: bool = False) -> tuple[FilePath, ...]:
    """List a settings file and what stands in `conf.d` beside it; an optional one that is missing is left out.

    Agent and aggregator of one host share that folder: a file whose name begins with `agent-` or `aggregator-` is for
    that program alone.

    Raises
    ------
    ConfigError
        The folder is there and cannot be read; what stands in it is not left out in silence.
    """
    others = tuple(f"{program}-" for program in _PROGRAMS if program != path.stem)
    parts = _parts(path.parent / "conf.d")
    first = () if optional and not path.exists() else (path,)
    return (*first, *(part for part in parts if not part.name.startswith(others)))


def _parts(folder: FilePath) -> list[FilePath]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.match("*.yaml"))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:  # which glob() would take for an empty folder
        fault = Fault(str(folder), f"the folder cannot be read: {error.strerror}", "check its path and mode")
        raise _refusal([fault]) from error


def _refusal(faults: list[Fault]) -> ConfigError:
    count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
    return ConfigError(f"The settings have {count}:", faults=tuple(faults))


def _build(kind: type[T], values: Mapping[Path, Any], above: Path) -> T:
    given = {}
    for item in fields(kind):  # type: ignore[arg-type] # every settings class is a dataclass
        path = (*above, item.name)
        if path in values:
            given[item.name] = values[path]
        elif any(known[: len(path)] == path for known in values):
            given[item.name] = _build(item.type, values, path)  # type: ignore[arg-type] # sections are classes
    return kind(**given)


def _row(entry: Declared, values: Mapping[Path, Any], written: Mapping[Path, Found]) -> Row:
    found = written.get(entry.path)
    value = values.get(entry.path, entry.default)
    shown = HIDDEN if found is not None and found.secret and value else _without_secrets(value)
    return Row(entry.key, shown, found.place if found is not None else DEFAULT)


def _without_secrets(value: Any) -> Any:
    match value:
        case Secret():
            return HIDDEN
        case tuple():
            return tuple(map(_without_secrets, value))
        case dict():
            return {name: _without_secrets(item) for name, item in value.items()}
        case _:
            return value
