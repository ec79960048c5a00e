"""Entries of the audit log for tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sysmon_appliance.domain.audit import BEGINNING, AppendAudit, AuditQuery, Entry, Head, audited, chained
from sysmon_appliance.domain.principals import Kind, Principal, Role
from tests.support.pushes import NOW_MS

ALICE = Principal(Kind.USER, "alice", Role.ADMIN, "192.0.2.7")


@dataclass
class ListAudit:
    """An AuditReader over a list; `recorded` is the head that the database would have on record."""

    log: list[Entry] = field(default_factory=list)
    recorded: Head = BEGINNING

    def head(self) -> Head:
        return self.recorded

    def page(self, query: AuditQuery) -> Sequence[Entry]:
        matching = [entry for entry in reversed(self.log) if entry.number < (query.before or 1 << 60)]
        wanted = {"actor": query.actor, "action": query.action, "target": query.target}
        given = {name: value for name, value in wanted.items() if value is not None}
        return [entry for entry in matching if given.items() <= entry.members.items()][: query.limit]

    def entries(self) -> Iterator[Entry]:
        return iter(self.log)


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
