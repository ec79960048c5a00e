"""Which hosts a catalogue of others should have: those that were let in, and any that send without being on record."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Protocol

from sysmon_appliance.domain.hosts import Host, HostDirectory, Status
from sysmon_appliance.domain.identities import Identity
from sysmon_appliance.domain.registry import Entry, Health
from sysmon_appliance.services.catalog import IMPORTED_FACT
from sysmon_appliance.services.identities import Identities

_ADDRESS_FACT = "host.ip"


class Arrivals(Protocol):
    """When batches arrive; see Fleet."""

    def status(self, host: Host) -> Status: ...

    def last_seen_ms(self, host: Host) -> int: ...


class RegisteredHosts:
    """Belongs to the event loop."""

    def __init__(self, identities: Identities, directory: HostDirectory, arrivals: Arrivals) -> None:
        self._identities = identities
        self._directory = directory
        self._arrivals = arrivals

    def __call__(self) -> Iterable[Entry]:
        """Return an entry for each; what changes meanwhile is seen the next time."""
        hosts = {host.host_id: host for host in self._directory.all()}
        for identity in self._identities.all():
            host = hosts.pop(identity.host_id, None)
            if not identity.revoked_ms:
                yield self._silent(identity) if host is None else self._heard(host)
        yield from self._unrecorded(hosts.values())

    def _unrecorded(self, hosts: Iterable[Host]) -> Iterator[Entry]:
        return (self._heard(host) for host in hosts if not any(name == IMPORTED_FACT for name, _ in host.facts))

    def _heard(self, host: Host) -> Entry:
        health, output = Health.PASSING, "Its batches arrive."
        if self._arrivals.status(host) is Status.DOWN:
            health, output = Health.CRITICAL, f"No batch has arrived since {_utc(self._arrivals.last_seen_ms(host))}."
        address = dict(host.facts).get(_ADDRESS_FACT) or host.name
        return Entry(host.host_id, host.name, address, host.labels, health, output)

    @staticmethod
    def _silent(identity: Identity) -> Entry:
        output = f"Nothing has arrived since it was let in at {_utc(identity.enrolled_ms)}."
        return Entry(identity.host_id, identity.name, identity.name, identity.labels, Health.CRITICAL, output)


def _utc(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
