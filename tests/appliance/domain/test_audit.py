"""The chain of the audit log: nothing that is done to it afterwards goes unnoticed."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_appliance.domain.audit import (
    BEGINNING,
    Entry,
    Head,
    Verdict,
    audited,
    chained,
    digest,
    from_line,
    to_line,
    verify,
)
from tests.support.audit import ALICE, a_change, a_log, head_of
from tests.support.pushes import NOW_MS

LOG = a_log(8)
HEAD = head_of(LOG)
POSITIONS = st.integers(0, len(LOG) - 1)

texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def fault_of(log: list[Entry], *anchors: str) -> int | None:
    """Verify a log as the aggregator does, with its head on record, and return the number of the fault."""
    fault = verify(log, {HEAD.hash, *anchors}, recorded=lambda: HEAD).fault
    return None if fault is None else fault.number


def reworked(log: list[Entry], at: int, change: Callable[[str], str]) -> list[Entry]:
    """Change an entry, and compute all hashes from there on anew: what somebody with the disk in hand can do."""
    head = Head(log[at - 1].number, log[at - 1].hash) if at else BEGINNING
    new = list(log[:at])
    for entry in log[at:]:
        text = json.dumps(json.loads(entry.text) | {"previous": head.hash}, sort_keys=True, separators=(",", ":"))
        text = change(text) if entry is log[at] else text
        new.append(Entry(entry.number, text, digest(text)))
        head = Head(entry.number, new[-1].hash)
    return new


def test_a_log_that_nobody_touched_is_whole() -> None:
    """A log verifies up to its head, and so does an empty one."""
    assert verify(LOG, [HEAD.hash], recorded=lambda: HEAD) == Verdict(HEAD)
    assert verify([], [BEGINNING.hash], recorded=lambda: BEGINNING) == Verdict(BEGINNING)


def test_a_log_that_grew_still_has_its_anchors() -> None:
    """Every head that a log once had is proof that what was there then is there still."""
    for entry in LOG:
        assert verify(LOG, [entry.hash]).fault is None


@given(st.data(), POSITIONS)
def test_any_changed_byte_of_an_entry_is_found(data: st.DataObject, at: int) -> None:
    """A byte changed in an entry, or in its hash, is found at that entry."""
    entry = LOG[at]
    field = data.draw(st.sampled_from(["text", "hash"]))
    text = getattr(entry, field)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda character: character != text[place]))
    changed = replace(entry, **{field: text[:place] + other + text[place + 1 :]})
    assert fault_of([*LOG[:at], changed, *LOG[at + 1 :]]) == at + 1


@given(POSITIONS)
def test_any_removed_entry_is_found(at: int) -> None:
    """Without one of its entries, wherever it was, a log does not verify."""
    assert fault_of([*LOG[:at], *LOG[at + 1 :]]) == at + 1


@given(POSITIONS, POSITIONS)
def test_any_repeated_entry_is_found(source: int, at: int) -> None:
    """An entry put in a second time, anywhere, is found."""
    assert fault_of([*LOG[:at], LOG[source], *LOG[at:]]) is not None


@given(POSITIONS, st.integers(-3, 20))
def test_any_forged_entry_is_found(at: int, number: int) -> None:
    """An entry of somebody else's making, anywhere and under any number, is found."""
    forged = chained(a_change(99), Head(number - 1, LOG[at].hash))
    assert fault_of([*LOG[: at + 1], forged, *LOG[at + 1 :]]) is not None


@given(st.permutations(LOG).filter(lambda order: order != LOG))
def test_any_other_order_is_found(order: list[Entry]) -> None:
    """Entries in another order do not verify."""
    assert fault_of(order) is not None


@given(st.integers(0, len(LOG) - 1))
def test_any_end_that_was_cut_off_is_found(kept: int) -> None:
    """A log that ends earlier than its head on record does not verify."""
    assert fault_of(LOG[:kept]) == kept + 1


@given(POSITIONS)
def test_a_log_written_anew_is_found_by_whoever_noted_a_hash(at: int) -> None:
    """All hashes computed anew from a changed entry on contradict a hash that was noted at or after it."""
    forged = reworked(LOG, at, lambda text: text.replace("alice", "mallory"))
    assert verify(forged).fault is None
    for noted in LOG[at:]:
        assert verify(forged, [noted.hash]).fault is not None


def test_what_is_no_entry_is_found() -> None:
    """Text that is no entry at all does not verify, whatever its hash."""
    for text in ("", "[]", "{}", "nonsense", "[" * 100_000):
        assert verify([Entry(1, text, digest(text))]).fault is not None


@given(st.dictionaries(texts, values, max_size=4))
def test_entries_survive_the_export(after: dict[str, object]) -> None:
    """An exported line reads back as the entry that it was made of, whatever the entry says."""
    entry = chained(audited(ALICE, "a.b", "x", now_ms=NOW_MS, after=after), HEAD)
    assert from_line(to_line(entry)) == entry


@given(st.data())
def test_any_changed_byte_of_an_export_is_found(data: st.DataObject) -> None:
    """A character changed, added or left out in an exported line makes it no line, or an entry that does not verify."""
    line = to_line(LOG[0])
    place = data.draw(st.integers(0, len(line) - 1))
    added = data.draw(st.text(max_size=2))
    gone = data.draw(st.integers(0, 2))
    changed = line[:place] + added + line[place + gone :]
    if changed == line:
        return
    try:
        entry = from_line(changed)
    except ValueError:
        return
    assert verify([entry, *LOG[1:]]).fault is not None


@given(st.text() | st.sampled_from(["[" * 5000, '{"number":' + "9" * 5000 + "}", "NaN", '{"number":NaN}', "1e999"]))
def test_no_line_fails_in_another_way(line: str) -> None:
    """Whatever a file holds, it is an entry or a ValueError."""
    with pytest.raises(ValueError, match="no entry"):
        from_line(line)


def test_what_cannot_be_json_fails_where_it_is_described() -> None:
    """A record of something that is no JSON fails before it reaches the writer."""
    for impossible in (object(), float("nan"), b"bytes"):
        with pytest.raises((TypeError, ValueError)):
            audited(ALICE, "a.b", "x", now_ms=NOW_MS, after={"value": impossible})


def test_a_record_is_a_copy() -> None:
    """What is changed later does not change what was recorded."""
    labels = {"role": "db"}
    change = audited(ALICE, "a.b", "x", now_ms=NOW_MS, before=labels)
    labels["role"] = "web"
    assert change.before == {"role": "db"}
