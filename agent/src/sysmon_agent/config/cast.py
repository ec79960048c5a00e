"""Turns what was written into what a setting holds, or says why it cannot."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from sysmon_agent.config.addresses import parse_address
from sysmon_agent.config.declared import Declared
from sysmon_agent.config.secret import Secret
from sysmon_agent.config.sources import Found, Report
from sysmon_agent.errors import Fault
from sysmon_agent.wire.messages import DEFAULT_LIMITS

UNITS: dict[str, dict[str, float]] = {
    "bytes": {
        "": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
        "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    },
    "seconds": {"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400},
    "milliseconds": {"": 1, "ms": 1, "s": 1000, "m": 60_000},
}  # fmt: skip
"""Units that may follow a number, by the last word of the setting's name."""

_TEXT_BYTES = DEFAULT_LIMITS.text_bytes  # longer texts would not travel
_ENTRIES_BYTES = DEFAULT_LIMITS.body_bytes // 4  # labels, tags and metadata travel together in one hello
_NUMBER = re.compile(r"([+-]?[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)\s*([A-Za-z]*)")


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """Why a value is refused, and what to write instead."""


class _Caster:
    """Casts one value of one setting; faults of list and map entries are reported one by one."""

    def __init__(self, setting: Declared, report: Report) -> None:
        self._setting = setting
        self._report = report
        self.failed = False

    def attempt(self, cast: Callable[[Declared, Found], Any], found: Found) -> Any:
        try:
            return cast(self._setting, found)
        except _Refused as refused:
            self.failed = True
            problem, suggestion = refused.args
            if found.secret:  # the problem would tell what was written
                problem = "cannot hold the secret that it was given"
            self._report(Fault(found.place, f"`{self._setting.key}` {problem}", suggestion))
            return None

    def strings(self, items: tuple[Found, ...]) -> tuple[str, ...]:
        return tuple(self.attempt(_string, item) for item in items)

    def mapping(self, items: dict[str, Found]) -> dict[str, str]:
        return {name: self.attempt(_string, item) for name, item in items.items()}


def cast(setting: Declared, found: Found, report: Report) -> Any:
    """Return the value of the setting's type, or None after all that is wrong with it was reported."""
    caster = _Caster(setting, report)
    value = caster.attempt(_CASTS[setting.type], found)
    match value:
        case tuple():
            value = caster.strings(value)
        case dict():
            value = caster.mapping(value)
    return None if caster.failed else value


def _number(setting: Declared, found: Found) -> float:
    units = UNITS.get(setting.path[-1].rpartition("_")[2], {"": 1})
    text = _text(found)
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise _Refused(f"must be a number, not {text!r}", f"the default is {setting.default}")
    if match[2] not in units:
        raise _Refused(f"has an unknown unit {match[2]!r}", f"use one of {', '.join(filter(None, units)) or 'none'}")
    value = float(match[1].replace("_", "")) * units[match[2]]
    _check_bounds(setting, value)
    return value


def _check_bounds(setting: Declared, value: float) -> None:
    least, most = setting.at_least, setting.at_most
    if (least is not None and value < least) or (most is not None and value > most):
        raise _Refused(f"is out of range: {value:g}", f"give {_range(least, most)}")


def _range(least: float | None, most: float | None) -> str:
    if least is None or most is None:
        return f"at least {least:_}" if most is None else f"at most {most:_}"
    return f"{least:_} to {most:_}"


def _integer(setting: Declared, found: Found) -> int:
    value = _number(setting, found)
    if not value.is_integer():
        raise _Refused(f"must be a whole number, not {_text(found)}", f"the default is {setting.default}")
    return int(value)


def _string(setting: Declared, found: Found) -> str:
    text = _checked(setting, _text(found), found)
    return Secret(text) if found.secret and text else text


def _checked(setting: Declared, text: str, found: Found) -> str:
    if setting.choices and text not in setting.choices:
        raise _Refused(f"cannot be {text!r}", f"choose {', '.join(setting.choices)}")
    if not _usable(text) and text:
        raise _Refused("is too long or holds characters that cannot be shown", f"keep it within {_TEXT_BYTES} bytes")
    if setting.form == "address":
        return _address(text)
    return str(found.folder / text) if setting.form == "path" and found.folder is not None and text else text


def _usable(text: str) -> bool:
    return text.isprintable() and 0 < len(text.encode()) <= _TEXT_BYTES


def _list(_: Declared, found: Found) -> tuple[Found, ...]:
    items = found.value
    if isinstance(items, dict):
        raise _Refused("must be a list", "write each entry on a line of its own, after a dash")
    if isinstance(items, str):
        items = tuple(replace(found, value=word.strip()) for word in items.split(",") if word.strip())
    return _counted(items)


def _map(_: Declared, found: Found) -> dict[str, Found]:
    items = found.value
    if isinstance(items, tuple):
        raise _Refused("must be a map", "write each entry as `name: value` on a line of its own")
    if isinstance(items, str):
        items = {name: replace(found, value=value) for name, value in _pairs(items)}
    if unusable := [name for name in items if not _usable(name)]:
        raise _Refused(f"cannot have an entry named {unusable[0]!r}", "use a short name of visible characters")
    return _counted(items)


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = [word.partition("=") for word in text.split(",") if word.strip()]
    if not all(name.strip() and equals for name, equals, _ in pairs):
        raise _Refused(f"must be name=value pairs, not {text!r}", "write them as role=db,env=prod")
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _text(found: Found) -> str:
    if isinstance(found.value, str):
        return found.value
    raise _Refused("must be a single value", "write it on one line, after the colon")


def _address(text: str) -> str:
    try:
        return str(parse_address(text))
    except ValueError as error:
        raise _Refused(f"must be HOST:PORT, not {text!r}", str(error)) from None


Entries = TypeVar("Entries", tuple[Found, ...], dict[str, Found])


def _counted(entries: Entries) -> Entries:
    if len(entries) > DEFAULT_LIMITS.attributes:
        raise _Refused(f"has {len(entries)} entries", f"keep at most {DEFAULT_LIMITS.attributes}")
    size = sum(len(text.encode(errors="replace")) for text in _texts(entries))
    if size > _ENTRIES_BYTES:
        raise _Refused(f"has entries of {size} bytes in all", f"keep them within {_ENTRIES_BYTES} bytes")
    return entries


def _texts(entries: tuple[Found, ...] | dict[str, Found]) -> Iterator[str]:
    if isinstance(entries, dict):
        yield from entries
    items = entries.values() if isinstance(entries, dict) else entries
    yield from (item.value for item in items if isinstance(item.value, str))


_CASTS: dict[Any, Callable[[Declared, Found], Any]] = {
    str: _string,
    int: _integer,
    float: _number,
    tuple[str, ...]: _list,
    dict[str, str]: _map,
}
