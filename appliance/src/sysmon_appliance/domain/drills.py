"""Drills: restoring the replica now and then to see that it can be, and that what comes back is what was stored.

A database that lives goes on while its replica is restored. So it is counted before and after: what only ever grows
must be in the restored one between the two, and where nothing but the head has changed, everything else must be alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sysmon_appliance.domain.audit import Head
from sysmon_appliance.domain.changes import Change

GROWING = ("hosts", "schemas", "streams", "gaps", "identities", "revoked_issuers", "audit")
"""Tables that rows are only ever added to."""

_NAMED = 3
"""Streams that a finding names: enough to begin with."""


@dataclass(frozen=True, slots=True)
class Drill:
    """How far a drill is, or how it ended."""

    began_ms: int
    ended_ms: int = 0  # 0 while it runs
    path: str = ""  # of the replica
    txid: int = 0  # that was restored
    restored_bytes: int = 0
    seconds: float = 0.0  # that it took from the order to a database that could be led with
    problem: str = ""  # a sentence; empty where it passed
    hint: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)  # rows that were restored, by table

    @property
    def passed(self) -> bool:
        return bool(self.ended_ms) and not self.problem


@dataclass(frozen=True, slots=True)
class NoteDrill(Change):
    """Keep how the newest drill ended."""

    drill: Drill


@dataclass(frozen=True, slots=True)
class Account:
    """What a stream's ledger adds up to."""

    last: int
    stored: int
    missing: int

    @property
    def balanced(self) -> bool:
        return self.last == self.stored + self.missing


@dataclass(frozen=True, slots=True)
class HeadRows:
    """What rows of the head with certain numbers add up to."""

    first: int  # the smallest number among them; 0 where there are none
    rows: int
    ticks: int
    bytes: int  # of their bodies


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds, counted in one reading."""

    cluster_id: str
    mark: int
    version: int  # rises with every change of more than the head
    tables: Mapping[str, int]  # rows
    accounts: Mapping[int, Account]  # by row number of the stream
    audit: Head
    last_batch: int  # largest row number in the head; 0 where it is empty


class Counter(Protocol):
    """Counts what a database holds. Calls block, and raise a StorageError where it cannot be read."""

    def contents(self, database: Path) -> Contents: ...

    def head(self, database: Path, first: int, last: int) -> HeadRows:
        """Add up the rows of the head with numbers first..last."""

    def audit_hash(self, database: Path, number: int) -> str:
        """Return the hash of an entry of the audit log; an empty string where it is not there."""

    def faults(self, database: Path) -> Sequence[str]:
        """Look at every page and every row that refers to another; return what is broken."""


def differences(before: Contents, restored: Contents, after: Contents) -> Iterator[str]:
    """Say in sentences where a restored database is not what the living one was between two countings."""
    if restored.cluster_id != after.cluster_id:
        yield "It is of another cluster."
        return
    if not before.mark <= restored.mark <= after.mark:
        yield f"It has mark {restored.mark}, which is not within {before.mark} to {after.mark}."
    for table in GROWING:
        low, found, high = (each.tables[table] for each in (before, restored, after))
        if not low <= found <= high:
            yield f"It has {found} rows of {table}, which is not within {low} to {high}."
    for exact in (before, after):
        if exact.version == restored.version:
            yield from _unequal(exact, restored)
            break
    yield from _accounts(before, restored, after)


def _unequal(exact: Contents, restored: Contents) -> Iterator[str]:
    """Compare tables of which nothing has changed; those that grow with the head alone are not among them."""
    for table, rows in exact.tables.items():
        if restored.tables[table] != rows:
            yield f"It has {restored.tables[table]} rows of {table} instead of {rows}."


def _accounts(before: Contents, restored: Contents, after: Contents) -> Iterator[str]:
    wrong = [key for key in after.accounts if not _holds(key, before, restored, after)]
    wrong += [key for key in restored.accounts if key not in after.accounts]
    if wrong:
        named = ", ".join(map(str, wrong[:_NAMED]))
        more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        yield f"The ledger is not what it was, of stream {named}{more}."


def _holds(key: int, before: Contents, restored: Contents, after: Contents) -> bool:
    """Whether a stream is somewhere between the two countings, and its ledger adds up."""
    high = after.accounts[key]
    found, low = restored.accounts.get(key), before.accounts.get(key)
    if found is None:
        return low is None  # it began meanwhile
    least = low or Account(0, 0, 0)
    return (
        found.balanced
        and least.last <= found.last <= high.last
        and least.stored <= found.stored <= high.stored
        and least.missing <= found.missing <= high.missing
    )
