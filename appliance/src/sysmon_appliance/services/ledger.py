"""The loss ledger as people read it: by host, by reason, and in all."""

from collections.abc import Iterable, Sequence

import msgspec

from sysmon_appliance.domain.fleet import FleetMatrix
from sysmon_appliance.domain.hosts import HostDirectory
from sysmon_appliance.domain.ledger import LedgerEntry, LedgerReader
from sysmon_appliance.services.spools import SpoolSum, spools


class LedgerSum(msgspec.Struct, frozen=True):
    """Ticks that are stored, and ticks that never will be, by reason."""

    stored: int
    missing: int
    by_reason: dict[str, int]


class StreamAccount(msgspec.Struct, frozen=True):
    id: str
    last: int
    stored: int
    missing: int
    by_reason: dict[str, int]


class HostAccount(msgspec.Struct, frozen=True):
    id: str
    name: str
    streams: list[StreamAccount]


class LedgerPage(msgspec.Struct, frozen=True):
    hosts: list[HostAccount]
    total: LedgerSum
    spools: SpoolSum


def total(entries: Iterable[LedgerEntry]) -> LedgerSum:
    """Add up the accounts of streams."""
    stored = 0
    by_reason: dict[str, int] = {}
    for entry in entries:
        stored += entry.stored
        for reason, count in entry.missing.items():
            name = reason.name.lower()
            by_reason[name] = by_reason.get(name, 0) + count
    return LedgerSum(stored, sum(by_reason.values()), by_reason)


def account(entry: LedgerEntry) -> StreamAccount:
    summed = total([entry])
    return StreamAccount(entry.stream_id, entry.last, summed.stored, summed.missing, summed.by_reason)


def page(ledger: LedgerReader, directory: HostDirectory, matrix: FleetMatrix) -> LedgerPage:
    """Give every host's accounts, in order of first appearance, and what is in no account yet."""
    entries = ledger.entries()
    streams: dict[int, list[StreamAccount]] = {}
    for entry in entries:
        streams.setdefault(entry.host, []).append(account(entry))
    hosts = [HostAccount(host.host_id, host.name, streams.get(host.key, [])) for host in directory.all()]
    return LedgerPage(hosts, total(entries), spools(matrix, directory))


def of_host(entries: Sequence[LedgerEntry], host: int) -> list[StreamAccount]:
    return [account(entry) for entry in entries if entry.host == host]
