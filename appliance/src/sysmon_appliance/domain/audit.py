"""What was changed, by whom and from where: entries of the audit log, and the chain that holds them together.

An entry is kept as text, which is what its hash covers: a JSON object with sorted members and no spaces. One member is
the hash of the entry before, so that each hash vouches for all entries up to its own. Whoever has noted the hash of an
entry elsewhere (an anchor) therefore notices when anything at or before it is changed, added or removed, even by
somebody who computes all hashes anew.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.principals import Principal


@dataclass(frozen=True, slots=True)
class AppendAudit(Change):
    """Add an entry; its number and its place in the chain of hashes are given where it is written."""

    time_ms: int
    actor: str
    origin: str
    action: str  # a noun and a verb, such as token.create
    target: str  # what was changed: an id or a name
    before: Mapping[str, Any] | None = None  # JSON values; never a secret
    after: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a log at some moment; as an anchor it proves what the log was then."""

    number: int
    hash: str  # hexadecimal


BEGINNING = Head(0, "0" * 64)
"""The head of a log without entries; the first entry names this hash as the one before."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is stored; nothing is known to be true of it before it was verified."""

    number: int
    text: str
    hash: str

    @property
    def members(self) -> Mapping[str, Any]:
        """What the text says; empty where it is no JSON object."""
        return _members(self.text)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a log stops holding together, and in which way."""

    number: int
    problem: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a log holds together: up to `head`, and that is all of it unless there is a fault."""

    head: Head
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries; the newest come first."""

    limit: int
    before: int | None = None  # only entries with lower numbers
    actor: str | None = None
    action: str | None = None
    target: str | None = None


class AuditReader(Protocol):
    """Reads the log; for worker threads. Each method raises a StorageError where the database cannot be read."""

    def head(self) -> Head:
        """Return the head on record, which is kept apart from the entries."""

    def page(self, query: AuditQuery) -> Sequence[Entry]:
        """List entries, the newest first."""

    def entries(self) -> Iterator[Entry]:
        """Yield all entries in order, those that are added meanwhile too."""


def audited(
    principal: Principal,
    action: str,
    target: str,
    *,
    now_ms: int,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AppendAudit:
    """Describe a change that is committed together with this entry.

    `before` and `after` are copied. What cannot be JSON fails here, with a TypeError or ValueError, and not where it
    is written, among changes of others.
    """
    return AppendAudit(now_ms, principal.actor, principal.origin, action, target, _copy(before), _copy(after))


def chained(change: AppendAudit, head: Head) -> Entry:
    """Make the entry that follows `head`."""
    number = head.number + 1
    members = {
        "number": number,
        "time": change.time_ms,
        "actor": change.actor,
        "origin": change.origin,
        "action": change.action,
        "target": change.target,
        "before": change.before,
        "after": change.after,
        "previous": head.hash,
    }
    text = _canonical(members)
    return Entry(number, text, digest(text))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def to_line(entry: Entry) -> str:
    """Return an entry as exports have it: its members and its hash."""
    return _canonical({**entry.members, "hash": entry.hash})


def from_line(line: str) -> Entry:
    """Read an entry back from an export.

    Raises
    ------
    ValueError
        The line is not what `to_line` returns for any entry.
    """
    members = _members(line)
    match members:
        case {"number": int(number), "hash": str(found)} if _is_canonical(members, line):
            del members["hash"]
            return Entry(number, _canonical(members), found)
    raise ValueError("The line is no entry of an audit log.")


def verify(
    entries: Iterable[Entry], anchors: Collection[str] = (), *, recorded: Callable[[], Head] | None = None
) -> Verdict:
    """Check that entries follow one another from the first, and that the entry of each anchor (a hash) is there.

    `recorded` is called last and returns the head on record then: beyond it, there may be no entry.
    """
    head = BEGINNING
    wanted = set(anchors) - {BEGINNING.hash}
    for entry in entries:
        problem = _problem(entry, head)
        if problem:
            return Verdict(head, Fault(head.number + 1, problem))
        head = Head(entry.number, entry.hash)
        wanted.discard(entry.hash)
    return Verdict(head, _fault_at_end(head, wanted, recorded() if recorded else head))


def _problem(entry: Entry, head: Head) -> str:
    """Say why an entry cannot be the one after `head`; an empty string if it can."""
    if entry.number != head.number + 1:
        return f"Entry {entry.number} stands where entry {head.number + 1} belongs."
    if digest(entry.text) != entry.hash:
        return "The entry was changed: its hash is another."
    if entry.members.get("number") != entry.number or entry.members.get("previous") != head.hash:
        return "The entry does not follow the one before it."
    return ""


def _members(text: str) -> dict[str, Any]:
    """Parse what may be anything; nothing is found in what is no object."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return members if isinstance(members, dict) else {}


def _is_canonical(value: object, text: str) -> bool:
    try:
        return _canonical(value) == text
    except (ValueError, RecursionError):  # NaN, which json reads and we never write; or nested beyond all reason
        return False


def _fault_at_end(head: Head, missing: Collection[str], recorded: Head) -> Fault | None:
    if missing:
        hashes = ", ".join(sorted(missing))
        return Fault(head.number + 1, f"No entry has the hash {hashes}: the end was cut off, or all was written anew.")
    if head.number > recorded.number:
        return Fault(recorded.number + 1, "Entries were added that the aggregator has not written.")
    return None


def _copy(values: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    copy: Mapping[str, Any] | None = json.loads(_canonical(values))
    return copy


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
