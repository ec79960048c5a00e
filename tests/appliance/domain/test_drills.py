"""Whether a restored database can be what the living one was."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sysmon_appliance.domain.audit import Head
from sysmon_appliance.domain.drills import GROWING, Account, Contents, differences

TABLES: Mapping[str, int] = {**dict.fromkeys(GROWING, 5), "users": 3}
BEFORE = Contents("cluster", 10, 100, TABLES, {1: Account(50, 48, 2)}, Head(5, "h5"), last_batch=48)
AFTER = replace(BEFORE, mark=14, version=101, accounts={1: Account(54, 52, 2), 2: Account(3, 3, 0)}, last_batch=55)
RESTORED = replace(BEFORE, mark=12, accounts={1: Account(52, 50, 2)}, last_batch=50)


def found(restored: Contents) -> list[str]:
    return list(differences(BEFORE, restored, AFTER))


def test_what_lies_between_two_countings_is_alike() -> None:
    """A database that has what was there before, and nothing that was not there after, is right."""
    assert found(RESTORED) == []
    assert found(replace(RESTORED, accounts={**RESTORED.accounts, 2: Account(2, 2, 0)})) == []


def test_another_cluster_is_all_that_is_said() -> None:
    """A database of another cluster is not compared any further."""
    assert found(replace(RESTORED, cluster_id="other", mark=0)) == ["It is of another cluster."]


@pytest.mark.parametrize("mark", [9, 15])
def test_the_mark_must_be_between(mark: int) -> None:
    """A database that is older than what was durable, or newer than what there is, is wrong."""
    assert found(replace(RESTORED, mark=mark)) == [f"It has mark {mark}, which is not within 10 to 14."]


@pytest.mark.parametrize("table", GROWING)
def test_rows_do_not_go(table: str) -> None:
    """Tables that only grow have as many rows as before at least."""
    changed = replace(RESTORED, version=77, tables={**TABLES, table: 4})
    assert found(changed) == [f"It has 4 rows of {table}, which is not within 5 to 5."]


def test_other_tables_are_alike_where_nothing_has_changed() -> None:
    """Where only the head has changed since, every table has as many rows as it had; else that is not known."""
    fewer = replace(RESTORED, tables={**TABLES, "users": 2})
    assert found(fewer) == ["It has 2 rows of users instead of 3."]
    assert found(replace(fewer, version=AFTER.version)) == ["It has 2 rows of users instead of 3."]
    assert found(replace(fewer, version=77)) == []


@pytest.mark.parametrize(
    "account",
    [
        Account(52, 49, 2),  # a tick is missing that the ledger counts
        Account(49, 47, 2),  # older than what was durable
        Account(55, 53, 2),  # newer than what there is
        Account(52, 49, 3),  # a gap that nobody declared
        None,
    ],
)
def test_ledgers_are_between_and_add_up(account: Account | None) -> None:
    """Each stream is at least as far as before, at most as far as after, and its ledger adds up."""
    accounts = {} if account is None else {1: account}
    assert found(replace(RESTORED, accounts=accounts)) == ["The ledger is not what it was, of stream 1."]


def test_a_stream_that_nobody_has_is_found() -> None:
    """A stream that the living database does not know cannot be there."""
    accounts = {**RESTORED.accounts, **dict.fromkeys((7, 8, 9, 10), Account(1, 1, 0))}
    assert found(replace(RESTORED, accounts=accounts)) == [
        "The ledger is not what it was, of stream 7, 8, 9 and 1 more."
    ]
