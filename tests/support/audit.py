"""Entries of the audit log for tests."""

from collections.abc import Iterator

from sysmon_appliance.domain.audit import BEGINNING, AppendAudit, Entry, Head, audited, chained
from sysmon_appliance.domain.principals import Kind, Principal, Role
from tests.support.pushes import NOW_MS

ALICE = Principal(Kind.USER, "alice", Role.ADMIN, "192.0.2.7")


def a_change(number: int) -> AppendAudit:
    """One like what an operator does; each number gives another."""
    return audited(
        ALICE,
        "token.create",
        f"token-{number}",
        now_ms=NOW_MS + number,
        after={"uses": number, "labels": {"role": "db"}},
    )


def a_log(length: int) -> list[Entry]:
    """Return a log that holds together."""
    return list(_chain(length))


def head_of(log: list[Entry]) -> Head:
    return Head(log[-1].number, log[-1].hash) if log else BEGINNING


def _chain(length: int) -> Iterator[Entry]:
    head = BEGINNING
    for number in range(length):
        entry = chained(a_change(number), head)
        yield entry
        head = Head(entry.number, entry.hash)
