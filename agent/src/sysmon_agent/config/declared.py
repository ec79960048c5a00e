"""What a settings class declares, as a flat table of its settings."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any

PREFIX = "SYSMON_"

Path = tuple[str, ...]
"""Where a setting lies: its section's name, if it has one, and its own."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One setting, as `sysmon_agent.config.values.setting` declared it."""

    path: Path
    type: Any  # str, int, float, tuple[str, ...] or dict[str, str]
    default: Any
    help: str
    at_least: float | None
    at_most: float | None
    choices: tuple[str, ...]
    form: str
    secret: bool

    @property
    def key(self) -> str:
        """The name in messages, overrides and documents: spool.max_bytes."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that sets it: SYSMON_SPOOL__MAX_BYTES."""
        return PREFIX + "__".join(self.path).upper()


def declared(kind: type) -> dict[Path, Declared]:
    """Flatten a settings class, in the order of declaration."""
    return {entry.path: entry for entry in _walk(kind, ())}


def sections(table: dict[Path, Declared]) -> frozenset[Path]:
    """List the paths that hold settings and are none themselves."""
    return frozenset(path[:length] for path in table for length in range(1, len(path)))


def _walk(kind: type, above: Path) -> Iterator[Declared]:
    for item in fields(kind):
        path = (*above, item.name)
        if isinstance(item.type, type) and is_dataclass(item.type):
            yield from _walk(item.type, path)
        else:
            yield Declared(path=path, type=item.type, default=_default(item), **item.metadata)


def _default(item: Field[Any]) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()
