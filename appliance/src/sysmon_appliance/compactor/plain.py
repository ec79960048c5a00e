"""Values of the domain as JSON, and back.

It knows what jobs are made of and no more. A library that knows everything would take longer to load than many a seal
takes, and each job loads it anew.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Value = TypeVar("Value")


def to_json(value: object) -> bytes:
    """Write a value on one line; classes become objects of their fields."""
    return json.dumps(value, default=_plain, separators=(",", ":")).encode()


def from_plain(kind: type[Value], plain: Any) -> Value:
    """Make a value out of what was parsed, by the types of its fields.

    Raises
    ------
    TypeError, ValueError, KeyError
        It is of another type.
    """
    made: Value = _made(kind, plain)
    return made


def _plain(value: Any) -> object:
    if isinstance(value, Path):
        return str(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _made(kind: Any, plain: Any) -> Any:
    origin = get_origin(kind)
    if origin is UnionType:  # with None, and with nothing else
        return None if plain is None else _made(get_args(kind)[0], plain)
    if origin is tuple:
        return tuple(_made(get_args(kind)[0], one) for one in plain)
    if origin is Mapping:
        key, item = get_args(kind)
        return {key(name): _made(item, one) for name, one in plain.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{name: _made(hint, plain[name]) for name, hint in _fields(kind).items()})
    return kind(plain)


@lru_cache
def _fields(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
