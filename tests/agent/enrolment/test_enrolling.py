"""From a token to an identity, against a real region."""

import stat
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.enrolment.asking import Waiting
from sysmon_agent.enrolment.enrolling import check_not_enrolled
from sysmon_agent.errors import (
    AlreadyEnrolledError,
    AnswerError,
    ClockError,
    StrangerError,
    TransportError,
    WaitingError,
)
from sysmon_agent.identity import pending_key
from tests.support.clock import ManualClock
from tests.support.joining_host import Joining
from tests.support.region import Region, region_in

DAY_MS = 86_400_000


@pytest.fixture
def host(tmp_path: Path) -> Joining:
    return Joining(tmp_path / "host")


def test_a_token_is_all_that_a_host_needs(region: Region, host: Joining) -> None:
    """With nothing but a token a host gets a key, a certificate for a host id of its own, and the authority."""
    grant = host.enroll(region.token())
    certificate = host.certificate
    assert certificate.peer.id == grant.host_id
    assert region.hosts() == {grant.host_id}
    assert certificate.renew_at_ms == grant.renew_at_ms
    assert grant.now_ms < grant.renew_at_ms < grant.expires_ms == certificate.expires_ms


def test_the_key_is_its_owners_alone(region: Region, host: Joining) -> None:
    """The key has mode 0600, its folder 0700, and no copy is left behind."""
    host.enroll(region.token())
    assert stat.S_IMODE(Path(host.tls.key).stat().st_mode) == 0o600
    assert stat.S_IMODE(host.folder.stat().st_mode) == 0o700
    assert {file.name for file in host.folder.iterdir()} == {"agent.pem", "agent-key.pem", "ca.pem"}


def test_an_encrypted_key_is_never_written_in_clear(region: Region, tmp_path: Path) -> None:
    """Where there is a passphrase the key is encrypted from the first moment on, and usable with it."""
    host = Joining(tmp_path / "host", password=b"correct horse battery staple")
    with pytest.raises(WaitingError):
        host.enroll(token := region.token(approval=True))
    assert b"ENCRYPTED" in Path(pending_key(host.tls.key)).read_bytes()
    region.approve()
    host.enroll(token)
    assert b"ENCRYPTED" in Path(host.tls.key).read_bytes()
    assert host.certificate.peer.id in region.hosts()


def test_who_is_not_of_the_tokens_region_learns_nothing(region: Region, host: Joining, tmp_path: Path) -> None:
    """An aggregator with another authority than the token's is left before the token is shown to it."""
    with region_in(tmp_path / "other") as other:
        foreign = region.token(addresses=(other.address,))
        with pytest.raises(StrangerError, match="its authority is another than the token's"):
            host.enroll(foreign)
        assert other.hosts() == set()
    assert not Path(host.tls.certificate).exists()


def test_a_refused_token_is_said_to_be(region: Region, host: Joining, tmp_path: Path) -> None:
    """What the aggregator says against a token is passed on with its code, and the unused key is removed."""
    token = region.token(uses=1)
    host.enroll(token)
    second = Joining(tmp_path / "second")
    with pytest.raises(AnswerError) as caught:
        second.enroll(token)
    assert (caught.value.code, caught.value.exit_code) == ("token_used_up", 4)
    assert not Path(pending_key(second.tls.key)).exists()


@pytest.mark.parametrize("days", [-1, 1])
def test_clocks_a_day_apart_are_told_before_they_do_harm(region: Region, tmp_path: Path, days: int) -> None:
    """A clock that is wrong by a day, on either side, is named with both times, and no use of the token is lost."""
    wrong = ManualClock(wall_ms=SystemClock().wall_ms() + days * DAY_MS)
    host = Joining(tmp_path / "host", clock=wrong)
    token = region.token()
    with pytest.raises(ClockError, match="one of them is wrong by 24 hours") as caught:
        host.enroll(token)
    assert caught.value.hint == "timedatectl status"
    host.clock = SystemClock()
    host.enroll(token)


def test_the_next_address_is_tried(region: Region, host: Joining) -> None:
    """Where an aggregator of the token does not answer, the next one is asked."""
    assert host.enroll(region.token(addresses=("127.0.0.1:1", region.address))).host_id in region.hosts()


def test_nobody_there_is_told_for_each_address(region: Region, host: Joining) -> None:
    """Where no address answers, each is named with its reason."""
    with pytest.raises(TransportError, match=r"127\.0\.0\.1:1 cannot be reached .* 127\.0\.0\.1:2 cannot"):
        host.enroll(region.token(addresses=("127.0.0.1:1", "127.0.0.1:2")))


def test_an_address_that_is_none_is_passed_over(region: Region, host: Joining) -> None:
    """A token with an address that cannot be one leads to the next."""
    assert host.enroll(region.token(addresses=("nowhere", region.address))).host_id in region.hosts()


def test_a_lost_answer_costs_no_use(region: Region, host: Joining) -> None:
    """The same token and key again are the same enrolment, so an answer that was lost is simply asked for again."""
    token = region.token(uses=1)
    first = host.enroll(token)
    Path(host.tls.key).rename(pending_key(host.tls.key))  # as if the answer had never come
    Path(host.tls.certificate).unlink()
    second = host.enroll(token)
    assert second.host_id == first.host_id
    assert region.hosts() == {first.host_id}


def test_a_host_may_have_to_wait(region: Region, host: Joining) -> None:
    """While somebody must approve the host, its request is repeated until it is granted."""
    waits: list[Waiting] = []

    def wait(waiting: Waiting) -> None:
        waits.append(waiting)
        region.approve()

    grant = host.enroll(region.token(approval=True), wait=wait)
    assert [(waiting.reason, waiting.enrolment != "") for waiting in waits] == [("approval", True)]
    assert region.hosts() == {grant.host_id}


def test_who_will_not_wait_comes_back(region: Region, host: Joining) -> None:
    """Without waiting the enrolment ends with the command that approves it, and a later attempt goes on with it."""
    token = region.token(approval=True)
    with pytest.raises(WaitingError) as caught:
        host.enroll(token)
    assert caught.value.hint == f"sysmon enrolments approve {region.waiting().id}"
    region.approve()
    assert host.enroll(token).host_id in region.hosts()


def test_a_rejected_host_is_told(region: Region, host: Joining) -> None:
    """A host that an operator turns away ends with the code for permission."""
    token = region.token(approval=True)
    with pytest.raises(WaitingError):
        host.enroll(token)
    region.reject()
    with pytest.raises(AnswerError) as caught:
        host.enroll(token)
    assert (caught.value.code, caught.value.exit_code) == ("enrolment_rejected", 4)


def test_a_reinstalled_machine_gets_its_history_back(region: Region, host: Joining, tmp_path: Path) -> None:
    """A token that is bound to a host gives its id to the machine that brings it."""
    first = host.enroll(region.token())
    again = Joining(tmp_path / "reinstalled").enroll(region.token(replaces=first.host_id))
    assert again.host_id == first.host_id


def test_an_enrolled_host_is_not_enrolled_by_mistake(region: Region, host: Joining) -> None:
    """A host that has an identity keeps it, unless it is told otherwise."""
    check_not_enrolled(host.tls)
    grant = host.enroll(region.token())
    with pytest.raises(AlreadyEnrolledError, match=grant.host_id) as caught:
        check_not_enrolled(host.tls)
    assert caught.value.exit_code == 6
