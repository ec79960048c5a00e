"""A standby's connections to the leader."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_appliance.errors import LeaderUnreachableError, NotLeaderError
from sysmon_appliance.pki.profiles import CONSOLE_PROFILE, PARENT_PROFILE, Profile
from sysmon_appliance.web.peer_wire import HEADER, Forwarded
from sysmon_appliance.web.peers import LeaderLink, Passed
from tests.support.peers import PROGRESS, READ, STANDBY_URL, Leader, leading
from tests.support.pushes import HOST
from tests.support.standing_by import standing_by
from tests.support.tls_server import read_request, tls_server
from tests.support.topology import SECOND

CAME = (HEADER, Forwarded("192.0.2.7", "https", STANDBY_URL).header())
HEALTH = Passed("GET", "/healthz", (CAME,), b"")


@pytest.fixture
def leader(tmp_path: Path) -> Iterator[Leader]:
    with leading(tmp_path) as made:
        yield made


@pytest.fixture
def link(leader: Leader) -> Iterator[LeaderLink]:
    made = leader.link()
    yield made
    made.close()


def connections(leader: Leader) -> int:
    return len(leader.listener.server.server_state.connections)


def test_one_connection_serves_again_and_again(leader: Leader, link: LeaderLink) -> None:
    """Reports and requests share a connection, for a handshake costs more than they do."""
    for _ in range(5):
        link.report(leader.address, SECOND, READ)
        assert link.forward(leader.address, HEALTH).body == b"ok\n"
    assert connections(leader) == 1


def test_a_connection_that_was_closed_meanwhile_is_not_used(leader: Leader, link: LeaderLink) -> None:
    """A connection that the leader ended while nothing was asked costs no request."""
    link.report(leader.address, SECOND, READ)
    leader.listener.sweep(seconds_later=3600)
    while connections(leader):
        leader.run(asyncio.sleep(0.01))
    assert link.report(leader.address, SECOND, READ) == PROGRESS


def test_a_leader_that_is_not_there(link: LeaderLink) -> None:
    """Where nobody listens, the standby hears that nobody can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        host, port = closed.getsockname()
    with pytest.raises(LeaderUnreachableError, match="cannot be reached"):
        link.report(f"{host}:{port}", SECOND, READ)


@pytest.mark.parametrize("profile", [CONSOLE_PROFILE, PARENT_PROFILE])
def test_another_server_of_the_region_is_told_nothing(leader: Leader, link: LeaderLink, profile: Profile) -> None:
    """A certificate of another role makes nobody a leader, though it is of the same root."""
    received: list[bytes] = []
    with (
        tls_server(
            leader.listener.authority.peer("other", profile), lambda stream: received.append(stream.recv(100))
        ) as address,
        pytest.raises(LeaderUnreachableError, match="no aggregator"),
    ):
        link.report(address, SECOND, READ)
    assert received in ([], [b""])


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}",
        b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\n[]",
        b"no HTTP\r\n\r\n",
    ],
)
def test_an_answer_that_makes_no_sense(leader: Leader, link: LeaderLink, answer: bytes) -> None:
    """What cannot be read is a leader that does not answer."""

    def script(stream: ssl.SSLSocket) -> None:
        read_request(stream)
        stream.sendall(answer)

    with tls_server(leader.certificate, script) as address, pytest.raises(LeaderUnreachableError):
        link.report(address, SECOND, READ)


def test_an_answer_without_end_is_cut_off(leader: Leader, link: LeaderLink) -> None:
    """Of an answer only so much is read as a standby has room for."""

    def script(stream: ssl.SSLSocket) -> None:
        read_request(stream)
        stream.sendall(b"HTTP/1.1 200 OK\r\nsysmon-mark: 1\r\n\r\n")
        while True:
            stream.sendall(b"x" * 65536)

    with tls_server(leader.certificate, script) as address, pytest.raises(LeaderUnreachableError):
        link.forward(address, HEALTH)


def test_an_aggregator_that_stands_by_itself(leader: Leader, link: LeaderLink) -> None:
    """A standby that took another one for the leader hears who leads, and that nothing was done."""
    with standing_by(leader.listener.authority, NotLeaderError("agg-3 leads.", leader="10.0.0.3:7443")) as port:
        address = f"127.0.0.1:{port}"
        with pytest.raises(NotLeaderError, match=r"agg-3 leads\.") as told:
            link.report(address, SECOND, READ)
        with pytest.raises(NotLeaderError):
            link.forward(address, Passed("POST", "/api/v1/users", (CAME,), b"{}"))
    assert told.value.leader == "10.0.0.3:7443"


def test_an_answer_carries_its_mark(leader: Leader, link: LeaderLink) -> None:
    """With each answer comes the mark that everything it changed is before."""
    leader.marks[0] = 4711
    assert link.forward(leader.address, HEALTH).mark == 4711


@pytest.mark.parametrize("target", ["/a b", "/a\r\nx: y"])
def test_a_target_that_breaks_out_is_not_sent(leader: Leader, link: LeaderLink, target: str) -> None:
    """What would end the request's line is sent to nobody."""
    with pytest.raises(LeaderUnreachableError):
        link.forward(leader.address, Passed("GET", target, (CAME,), b""))


def test_an_aggregator_of_another_region_is_told_nothing(leader: Leader) -> None:
    """A standby speaks to aggregators of its own region alone."""
    link = leader.link(region="elsewhere")
    with pytest.raises(LeaderUnreachableError, match="no aggregator of region elsewhere"):
        link.report(leader.address, SECOND, READ)
    assert not leader.reports.heard


def test_an_agent_gets_no_answer(leader: Leader) -> None:
    """A link with an agent's certificate is refused by the leader."""
    link = leader.link(leader.listener.authority.agent(HOST))
    with pytest.raises(LeaderUnreachableError, match="This route is not for"):
        link.report(leader.address, SECOND, READ)
    link.close()
