"""Which programs there are, as programs.toml says it."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CATALOGUE = Path(__file__).with_name("programs.toml")

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GoBuild:
    """A Go program, built in a module of ours that pins all that it is made of."""

    module: Path  # the folder of go.mod and go.sum
    package: str
    flags: str  # of the linker


@dataclass(frozen=True, slots=True)
class CargoBuild:
    """A Rust program, built as its own lock file says."""

    crate: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A program of others."""

    name: str  # as it is started
    title: str  # as its makers call it
    version: str  # the one that is built; the oldest that is taken
    below: str  # the first version that is too new
    asked: tuple[str, ...]  # arguments that make it say its version
    build: GoBuild | CargoBuild

    def accepts(self, answer: str) -> bool:
        """Whether what a program says of its version fits."""
        said = version_in(answer)
        return said is not None and numbers(self.version) <= said < numbers(self.below)


@cache
def catalogue() -> dict[str, Program]:
    """Read all programs, by name."""
    entries = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {name: _program(name, entry) for name, entry in entries.items()}


def version_in(answer: str) -> Version | None:
    """Find the first version that a program says, such as `v0.5.18` or `cargo:2.5.0`."""
    found = re.search(r"\d+(?:\.\d+)+", answer)
    return numbers(found.group()) if found else None


def numbers(version: str) -> Version:
    """Split a version, so that 1.10 is newer than 1.9."""
    return tuple(int(part) for part in version.split("."))


def _program(name: str, entry: dict[str, str | list[str]]) -> Program:
    return Program(
        name=name,
        title=str(entry["title"]),
        version=str(entry["version"]),
        below=str(entry["below"]),
        asked=tuple(entry["asked"]),
        build=_build(entry),
    )


def _build(entry: dict[str, str | list[str]]) -> GoBuild | CargoBuild:
    if "crate" in entry:
        return CargoBuild(str(entry["crate"]), tuple(entry["features"]))
    return GoBuild(CATALOGUE.parents[1] / str(entry["module"]), str(entry["package"]), str(entry["flags"]))
