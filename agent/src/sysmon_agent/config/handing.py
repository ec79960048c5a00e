"""Settings on their way from the process that has read them to one that only uses them."""

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def settings_from(kind: type[T], values: dict[str, Any]) -> T:
    """Build a settings value from what `dataclasses.asdict` and JSON have made of it."""
    built = {}
    for field in fields(kind):  # type: ignore[arg-type] # every settings class is a dataclass
        value = values[field.name]
        if is_dataclass(field.type):
            value = settings_from(field.type, value)  # type: ignore[arg-type] # sections are classes
        built[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**built)
