"""The manifest in the live database."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import apsw

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.segments import ForgetSegments, Kind, Level, Segment, SetAside, SwapSegments

_SEGMENTS = """
SELECT id, name, kind, level, start_ms, end_ms, first_host, last_host, hosts, ticks, samples, bytes, sha256,
    created_ms, damaged_ms, dropped_ms
FROM segments ORDER BY id
"""
_SEALED_UP_TO = "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'sealed_up_to'"
_SEAL = "UPDATE meta SET value = max(CAST(value AS INTEGER), :up_to) WHERE name = 'sealed_up_to'"
_ADD = """
INSERT INTO segments (id, name, kind, level, start_ms, end_ms, first_host, last_host, hosts, ticks, samples, bytes,
    sha256, created_ms, damaged_ms, dropped_ms)
VALUES (:number, :name, :kind, :level, :start_ms, :end_ms, :first_host, :last_host, :hosts, :ticks, :samples, :bytes,
    :sha256, :created_ms, :damaged_ms, :dropped_ms)
"""
_DROP = "UPDATE segments SET dropped_ms = :at_ms WHERE name = :name"
_FORGET = "DELETE FROM segments WHERE name = :name AND dropped_ms != 0"
_SET_ASIDE = "UPDATE segments SET damaged_ms = :damaged_ms WHERE name = :name"


def load_segments(connection: apsw.Connection) -> Sequence[Segment]:
    """Read the whole manifest, dropped segments included, in order of row number."""
    return [_segment(row) for row in connection.execute(_SEGMENTS)]


def load_sealed_up_to(connection: apsw.Connection) -> int:
    return int(connection.execute(_SEALED_UP_TO).get)


def _segment(row: tuple[Any, ...]) -> Segment:
    number, name, kind, level, *rest = row
    return Segment(number, name, Kind(kind), Level(level), *rest)


def _swap(connection: apsw.Connection, change: SwapSegments) -> None:
    connection.executemany(_ADD, (asdict(segment) for segment in change.add))
    connection.executemany(_DROP, ({"name": name, "at_ms": change.at_ms} for name in change.drop))
    if change.sealed_up_to:
        connection.execute(_SEAL, {"up_to": change.sealed_up_to})


def _forget(connection: apsw.Connection, change: ForgetSegments) -> None:
    connection.executemany(_FORGET, ({"name": name} for name in change.names))


def _set_aside(connection: apsw.Connection, change: SetAside) -> None:
    connection.execute(_SET_ASIDE, {"name": change.name, "damaged_ms": change.damaged_ms})


APPLY: dict[type[Change], Callable[[apsw.Connection, Any], None]] = {
    SwapSegments: _swap,
    ForgetSegments: _forget,
    SetAside: _set_aside,
}
