"""The audit log as people read, export and verify it."""

import asyncio
import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from sysmon_appliance.domain.audit import BEGINNING, AuditQuery, AuditReader, Entry, Head, Verdict, to_line, verify
from sysmon_appliance.errors import StorageError

_log = logging.getLogger(__name__)

ANCHOR_SECONDS = 600
"""How often the head of the log is shown to those who keep it elsewhere."""


_AT_ONCE = 500
"""Lines of an export that travel together."""


class AuditEntry(msgspec.Struct, frozen=True):
    number: int
    time: int
    actor: str
    origin: str
    action: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


class AuditPage(msgspec.Struct, frozen=True):
    """`next` is the `after` of the following page."""

    entries: list[AuditEntry]
    next: int | None


class AuditFault(msgspec.Struct, frozen=True):
    number: int
    problem: str


class AuditVerdict(msgspec.Struct, frozen=True):
    """`entries` and `head` tell how far the log holds together."""

    intact: bool
    entries: int
    head: str
    fault: AuditFault | None


class Audit:
    """Reads the log in worker threads, so that neither a long list nor a long log keeps anybody waiting."""

    def __init__(self, reader: AuditReader) -> None:
        self._reader = reader
        self._verifying = asyncio.Lock()
        self.anchor: Head = BEGINNING  # the head that was last shown in log and metrics

    async def page(self, query: AuditQuery) -> AuditPage:
        """List entries, the newest first."""
        found = await asyncio.to_thread(self._reader.page, query)
        following = found[-1].number if len(found) == query.limit else None
        return AuditPage([described(entry) for entry in found], following)

    def export(self) -> Iterator[str]:
        """Yield all entries in order, each a line of JSON, many lines at a time; for a worker thread."""
        lines = (to_line(entry) + "\n" for entry in self._reader.entries())
        while piece := "".join(islice(lines, _AT_ONCE)):
            yield piece

    async def verify(self, head: str = "") -> AuditVerdict:
        """Check the whole log; with a head that was noted once, also that it is still the same log.

        Only one check runs at a time.
        """
        async with self._verifying:
            return judged(await asyncio.to_thread(self._verify, head))

    async def run(self) -> None:
        """Show the head in log and metrics from time to time, until cancelled."""
        while True:
            try:
                await self.show_head()
            except StorageError:
                _log.warning("The head of the audit log cannot be read.", exc_info=True)
            await asyncio.sleep(ANCHOR_SECONDS)

    async def show_head(self) -> None:
        """Let the log of this program, which others may keep, testify to the head if it is another than before."""
        head = await asyncio.to_thread(self._reader.head)
        if head != self.anchor:
            _log.info("The audit log has reached this head.", extra={"number": head.number, "hash": head.hash})
        self.anchor = head

    def _verify(self, head: str) -> Verdict:
        anchors = {self.anchor.hash, self._reader.head().hash, head or BEGINNING.hash}
        return verify(self._reader.entries(), anchors, recorded=self._reader.head)


def described(entry: Entry) -> AuditEntry:
    """Show an entry as it says itself; whether that is true, only verifying tells."""
    members = entry.members
    return AuditEntry(
        number=entry.number,
        time=members.get("time", 0),
        actor=members.get("actor", ""),
        origin=members.get("origin", ""),
        action=members.get("action", ""),
        target=members.get("target", ""),
        before=members.get("before"),
        after=members.get("after"),
        hash=entry.hash,
    )


def judged(verdict: Verdict) -> AuditVerdict:
    """Say a verdict as API and commands show it."""
    fault = verdict.fault
    shown = None if fault is None else AuditFault(fault.number, fault.problem)
    return AuditVerdict(fault is None, verdict.head.number, verdict.head.hash, shown)
