"""The repository's own files, for tests that read it as text."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("agent/src", "appliance/src")


@dataclass(frozen=True, slots=True)
class Module:
    """A parsed Python file; `name` is its path from the root."""

    name: str
    text: str
    tree: ast.Module

    def nodes(self) -> Iterator[ast.AST]:
        return ast.walk(self.tree)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in self.nodes():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@cache
def files() -> tuple[str, ...]:
    """List what belongs to the repository: everything that is present and that git does not ignore.

    The owner of a clone may be another user than the one who tests it, which git refuses unless told otherwise.
    """
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted({name for name in listed.split("\0") if name and (ROOT / name).is_file()}))


def under(*folders: str, suffix: str = "") -> list[str]:
    """Names of the files in these folders, paths from the root."""
    return [name for name in files() if name.startswith(tuple(f"{f}/" for f in folders)) and name.endswith(suffix)]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def modules(*folders: str) -> Iterator[Module]:
    """Parse every Python file in these folders."""
    for name in under(*folders, suffix=".py"):
        yield _parse(name)


@cache
def _parse(name: str) -> Module:
    text = read(name)
    return Module(name, text, ast.parse(text, name))
