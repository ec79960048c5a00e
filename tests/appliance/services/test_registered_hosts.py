"""Which hosts a catalogue shows, and how."""

from collections.abc import Sequence
from dataclasses import replace

from sysmon_appliance.domain.enrolment import IdentityState
from sysmon_appliance.domain.hosts import Host, Status, status
from sysmon_appliance.domain.identities import Identity
from sysmon_appliance.domain.registry import Entry, Health
from sysmon_appliance.domain.state import State
from sysmon_appliance.services.catalog import IMPORTED_FACT, Catalog
from sysmon_appliance.services.identities import Identities
from sysmon_appliance.services.registered_hosts import RegisteredHosts
from tests.support.identities import AN_IDENTITY, LABELS
from tests.support.pushes import HOST, NOW_MS

WEB = Host(
    1, HOST, "web-01", 1000, NOW_MS, "b" * 32, facts=(("host.ip", "192.0.2.7"), ("host.name", "web-01")), labels=LABELS
)


class LastSeen:
    """Batches that arrived for the last time some seconds ago."""

    def __init__(self, seconds_ago: int) -> None:
        self._seen_ms = NOW_MS - 1000 * seconds_ago

    def status(self, host: Host) -> Status:
        return status(now_ms=NOW_MS, last_received_ms=self._seen_ms, interval_ms=host.interval_ms)

    def last_seen_ms(self, _: Host) -> int:
        return self._seen_ms


def entries(*, hosts: Sequence[Host] = (), let_in: Sequence[Identity] = (), seconds_ago: int = 1) -> list[Entry]:
    catalog = Catalog(State("c" * 32, 1, hosts, (), (), next_batch=1))
    return list(RegisteredHosts(Identities(IdentityState(identities=let_in)), catalog, LastSeen(seconds_ago))())


def test_a_host_whose_batches_arrive() -> None:
    """A host that sends is well, and found at the address that its agent told, by the labels that it has."""
    assert entries(hosts=[WEB], let_in=[AN_IDENTITY]) == [
        Entry(HOST, "web-01", "192.0.2.7", LABELS, Health.PASSING, "Its batches arrive.")
    ]


def test_a_host_that_is_late_is_still_well() -> None:
    """One missing batch makes no alarm."""
    (entry,) = entries(hosts=[WEB], let_in=[AN_IDENTITY], seconds_ago=4)
    assert entry.health is Health.PASSING


def test_a_host_whose_batches_stay_away() -> None:
    """A host that is down is critical, with the moment of its last batch, so that the entry does not change again."""
    (entry,) = entries(hosts=[WEB], let_in=[AN_IDENTITY], seconds_ago=60)
    assert entry.health is Health.CRITICAL
    assert entry.output == "No batch has arrived since 2027-01-15 07:59:00 UTC."


def test_a_host_that_was_let_in_and_is_silent() -> None:
    """A host that never sent anything is shown all the same, as critical."""
    assert entries(let_in=[AN_IDENTITY]) == [
        Entry(
            HOST,
            "web-01",
            "web-01",
            LABELS,
            Health.CRITICAL,
            "Nothing has arrived since it was let in at 2027-01-15 08:00:00 UTC.",
        )
    ]


def test_a_revoked_host_is_not_shown() -> None:
    """Whoever may not send any more leaves the catalogue, though its history stays."""
    assert entries(hosts=[WEB], let_in=[replace(AN_IDENTITY, revoked_ms=NOW_MS)]) == []


def test_hosts_that_are_on_no_record() -> None:
    """A host whose certificate somebody else has made is shown; one of which there is imported history alone is not."""
    imported = replace(WEB, key=2, host_id="1e" * 16, facts=((IMPORTED_FACT, "true"),))
    assert [entry.host_id for entry in entries(hosts=[WEB, imported])] == [HOST]
