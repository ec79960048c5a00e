"""Which host has used which schema: known after a restart, whatever has left the head."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_appliance.domain.changes import AppendBatch, DropOldest, OpenStream, SaveHost, SaveSchema
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.series import KeepUse
from tests.support.live import A_HOST, A_SCHEMA, append, commit, live
from tests.support.pushes import NOW_MS, a_batch

ANOTHER = KnownSchema(2, b"another schema..", A_SCHEMA.schema)


def uses(folder: Path) -> dict[tuple[int, int], tuple[int, int]]:
    with live(folder) as database:
        return {(use.host, use.schema): (use.first_ms, use.last_ms) for use in database.state.uses}


def of_schema(number: int, schema: int) -> AppendBatch:
    """Make row `number`, with the tick of that number under a schema."""
    return replace(append(number), schema=schema)


def test_uses_are_known_from_the_head(tmp_path: Path) -> None:
    """A use reaches from the first to the last tick of the batches that are there."""
    with live(tmp_path) as database:
        commit(database, SaveSchema(ANOTHER), of_schema(1, 1), of_schema(2, 2), of_schema(4, 1))
    assert uses(tmp_path) == {(1, 1): (NOW_MS, NOW_MS + 3000), (1, 2): (NOW_MS + 1000, NOW_MS + 1000)}


def test_times_are_corrected(tmp_path: Path) -> None:
    """Times of a host whose clock is off are those that readers show."""
    with live(tmp_path) as database:
        commit(database, append(1, a_batch(1), offset_ms=-5000))
    assert uses(tmp_path) == {(1, 1): (NOW_MS - 5000, NOW_MS - 5000)}


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(1, 2), st.booleans()), min_size=1, max_size=12))
def test_what_leaves_the_head_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool]]
) -> None:
    """However batches come and go, a restart knows each use as if none had gone."""
    folder = tmp_path_factory.mktemp("live")
    expected: dict[tuple[int, int], tuple[int, int]] = {}
    with live(folder) as database:
        commit(database, SaveSchema(ANOTHER))
        for number, (schema, then_drop) in enumerate(steps, 1):
            commit(database, of_schema(number, schema))
            time_ms = NOW_MS + 1000 * (number - 1)
            expected[1, schema] = (expected.get((1, schema), (time_ms, 0))[0], time_ms)
            if then_drop:
                commit(database, DropOldest(number))
    assert uses(folder) == expected


def test_hosts_are_told_apart(tmp_path: Path) -> None:
    """Two hosts that use one schema have a use each."""
    with live(tmp_path) as database:
        other = SaveHost(replace(A_HOST, key=2, host_id="f" * 32))
        commit(database, other, OpenStream(2, 2, b"another stream.."), of_schema(1, 1))
        commit(database, replace(append(2, a_batch(9, stream=b"another stream..")), host=2, stream=2))
        commit(database, DropOldest(1))
    assert uses(tmp_path) == {(1, 1): (NOW_MS, NOW_MS), (2, 1): (NOW_MS + 8000, NOW_MS + 8000)}


def test_a_use_without_batches_is_kept(tmp_path: Path) -> None:
    """A use that no batch tells of lasts, and only grows: whatever comes after, it reaches over all of it."""
    with live(tmp_path) as database:
        commit(database, SaveSchema(ANOTHER), KeepUse(1, 2, NOW_MS - 5000, NOW_MS - 4000))
        commit(database, KeepUse(1, 2, NOW_MS - 9000, NOW_MS - 8000), KeepUse(1, 1, NOW_MS - 7, NOW_MS - 7))
        commit(database, of_schema(1, 1), DropOldest(1))
    assert uses(tmp_path) == {(1, 1): (NOW_MS - 7, NOW_MS), (1, 2): (NOW_MS - 9000, NOW_MS - 4000)}
