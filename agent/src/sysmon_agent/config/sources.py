"""Where values come from besides files: the environment and the command line.

Every source speaks the same language: text, lists and maps of `Found`, each with the place that a person must look at.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any

from sysmon_agent.config.declared import PREFIX, Declared, Path
from sysmon_agent.errors import Fault

Report = Callable[[Fault], None]

_SECRET_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Found:
    """A value as it was written, and where."""

    value: "str | tuple[Found, ...] | dict[str, Found]"
    place: str
    folder: FilePath | None = None  # what relative paths start from; None where they start from the current folder
    secret: bool = False  # never shown, neither as a setting nor in a fault


def from_overrides(
    overrides: Mapping[str, Any], table: Mapping[Path, Declared], report: Report
) -> Iterator[tuple[Path, Found]]:
    """Yield the options that were given: those whose value is not None."""
    by_key = {entry.key: entry for entry in table.values()}
    for key, value in overrides.items():
        if key not in by_key:
            close = get_close_matches(key, by_key, n=1)
            report(Fault(f"option {key}", "there is no such setting", f"did you mean `{close[0]}`?" if close else ""))
        elif value is not None and by_key[key].secret:
            report(_exposed(by_key[key]))
        elif value is not None:
            yield by_key[key].path, _found(value, f"option {key}")


def _exposed(setting: Declared) -> Fault:
    problem = "a secret on the command line can be read by every user of this machine"
    return Fault(f"option {setting.key}", problem, f"name a file that holds it in {setting.variable}_FILE")


def _found(value: Any, place: str) -> Found:
    match value:
        case Mapping():
            return Found({str(name): _found(item, place) for name, item in value.items()}, place)
        case list() | tuple():
            return Found(tuple(_found(item, place) for item in value), place)
        case _:
            return Found(str(value), place)


def from_environment(
    environ: Mapping[str, str], table: Mapping[Path, Declared], report: Report
) -> Iterator[tuple[Path, Found]]:
    """Yield what SYSMON_… variables set, and what the files named by SYSMON_…_FILE hold."""
    known = {entry.variable: entry for entry in table.values()}
    files = {entry.variable + "_FILE": entry for entry in table.values() if entry.secret}
    for variable, text in environ.items():
        if variable in known:
            yield known[variable].path, Found(text, variable)
        elif variable in files:
            if (secret := _read_secret(variable, text, report)) is not None:
                yield files[variable].path, Found(secret, variable)
        elif _is_ours(variable, table):
            report(_unknown(variable, [*known, *files]))


def _is_ours(variable: str, table: Mapping[Path, Declared]) -> bool:
    """Tell a misspelt variable from one of another program.

    Agent, aggregator and commands share the prefix, so a variable is judged only where it names a section of ours.
    """
    above, nested, _ = variable.removeprefix(PREFIX).lower().partition("__")
    return variable.startswith(PREFIX) and bool(nested) and any(path[0] == above for path in table)


def _unknown(variable: str, names: list[str]) -> Fault:
    close = get_close_matches(variable, names, n=1)
    return Fault(variable, "no setting has this variable", f"did you mean {close[0]}?" if close else "")


def _read_secret(variable: str, name: str, report: Report) -> str | None:
    try:
        with FilePath(name).open(encoding="utf-8") as file:
            return file.read(_SECRET_BYTES).rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        report(Fault(variable, f"the file {name} cannot be read ({error})", "name a readable text file"))
        return None
