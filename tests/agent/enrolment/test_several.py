"""Enrolling and renewing where several aggregators are known, and one of them leads."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.enrolment.asking import Waiting
from sysmon_agent.enrolment.dialling import MAX_ASKED, first_of
from sysmon_agent.errors import AnswerError, TransportError, WaitingError
from sysmon_agent.spool.known import KnownAggregators
from tests.support.authority import IssuedFiles, LocalAuthority
from tests.support.joining_host import Joining
from tests.support.region import Region
from tests.support.standby import standby


@pytest.fixture
def host(region: Region, tmp_path: Path) -> Joining:
    """A host that is enrolled, with a spool."""
    (tmp_path / "spool").mkdir()
    host = Joining(tmp_path / "host")
    host.enroll(region.token())
    return host


@pytest.fixture
def aggregator(tmp_path: Path) -> IssuedFiles:
    """What another aggregator of the region shows."""
    return LocalAuthority.open(tmp_path / "region" / "pki", SystemClock()).aggregator()


def test_a_standby_sends_a_renewal_to_the_leader(region: Region, host: Joining, aggregator: IssuedFiles) -> None:
    """A host that knows a standby alone gets its certificate from the leader, which it did not know."""
    before = host.certificate
    with standby(aggregator, region.address) as address:
        host.renewal([address]).renew()
    assert host.certificate.serial != before.serial


def test_without_a_leader_every_aggregator_is_asked(region: Region, host: Joining, aggregator: IssuedFiles) -> None:
    """Where a standby knows of no leader, those that it names are asked as well: one may lead by now."""
    before = host.certificate
    with standby(aggregator, "", "127.0.0.1:1", region.address) as address:
        host.renewal([address]).renew()
    assert host.certificate.serial != before.serial


def test_while_nobody_leads_a_host_waits(host: Joining, aggregator: IssuedFiles) -> None:
    """Where aggregators answer and none leads, the renewal is to be repeated, soon, and nothing has changed."""
    before = host.certificate
    with standby(aggregator, "") as address, pytest.raises(WaitingError, match="come again later: Another leads"):
        host.renewal(["127.0.0.1:1", address]).renew()
    assert host.certificate == before


def test_what_was_learned_serves_a_renewal(region: Region, host: Joining, tmp_path: Path) -> None:
    """Addresses that the agent has learned are asked after those of the settings."""
    before = host.certificate
    KnownAggregators(str(tmp_path / "spool")).write([region.address])
    host.renewal(["127.0.0.1:1"]).renew()
    assert host.certificate.serial != before.serial


def test_a_renewal_tells_the_agent_new_addresses(region: Region, host: Joining, tmp_path: Path) -> None:
    """The addresses that come with a certificate are put before those that were known."""
    known = KnownAggregators(str(tmp_path / "spool"))
    known.write(["127.0.0.1:1"])
    grant = host.renewal([region.address]).renew()
    assert grant.aggregators
    assert known.read() == (*grant.aggregators, "127.0.0.1:1")


def refusal(*elsewhere: str, code: str = "not_leader", status: int = 421) -> AnswerError:
    return AnswerError("No.", code=code, status=status, elsewhere=elsewhere)


def asked_of(addresses: Sequence[str], faults: Mapping[str, Exception]) -> list[str]:
    """List who is asked, where each answers with its fault and everybody else grants."""
    asked = []

    def attempt(address: str) -> Waiting:
        asked.append(address)
        if address in faults:
            raise faults[address]
        return Waiting("", "granted", 1)

    first_of(addresses, attempt)
    return asked


def test_the_named_leader_comes_first() -> None:
    """Who is named comes before who is known, and nobody is asked twice."""
    faults = {"a:1": refusal("c:1", "a:1", "b:1"), "c:1": TransportError("gone")}
    assert asked_of(["a:1", "d:1"], faults) == ["a:1", "c:1", "b:1"]


def test_a_refusal_that_holds_everywhere_ends_it() -> None:
    """What another aggregator would refuse as well is told at once."""
    with pytest.raises(AnswerError) as caught:
        asked_of(["a:1", "b:1"], {"a:1": refusal(code="token_expired", status=403)})
    assert caught.value.code == "token_expired"


def test_names_without_end_come_to_an_end() -> None:
    """Aggregators that name others for ever are not followed for ever."""
    asked = []

    def attempt(address: str) -> Waiting:
        asked.append(address)
        raise refusal(f"{len(asked)}:1")

    answer = first_of(["a:1"], attempt)
    assert isinstance(answer, Waiting)
    assert len(asked) == MAX_ASKED
