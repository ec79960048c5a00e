"""What agents hear at an aggregator that does not lead."""

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.encode import encode_hello
from sysmon_appliance.errors import NotLeaderError
from sysmon_appliance.pki.local import LOCAL_REGION
from tests.support.authority import IssuedFiles, LocalAuthority
from tests.support.pushes import HOST, a_hello
from tests.support.raw_agent import tls_context
from tests.support.standing_by import standing_by

LED = NotLeaderError("agg-1 leads.", leader="10.0.0.1:7443", aggregators=("10.0.0.1:7443", "10.0.0.2:7443"))
NOBODY = NotLeaderError("No aggregator leads at this moment.", aggregators=("10.0.0.2:7443",))

Connect = Callable[[IssuedFiles | None], http.client.HTTPSConnection]


@pytest.fixture
def authority(tmp_path: Path) -> LocalAuthority:
    return LocalAuthority.open(tmp_path / "pki", SystemClock())


@pytest.fixture
def connect(authority: LocalAuthority) -> Iterator[Connect]:
    opened: list[http.client.HTTPSConnection] = []
    with standing_by(authority, LED) as port:

        def connect(issued: IssuedFiles | None) -> http.client.HTTPSConnection:
            context = tls_context(str(authority.aggregator().authority), issued)
            opened.append(http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20))
            return opened[-1]

        yield connect
        for one in opened:
            one.close()


def ask(connection: http.client.HTTPSConnection, method: str, path: str, body: bytes = b"") -> tuple[int, Any, str]:
    """Return status, document and the pause that is asked for."""
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read()), answer.headers.get("retry-after", "")


@pytest.mark.parametrize("path", ["/v1/hello", "/v1/batches", "/v1/reenroll", "/v1/renew", "/v1/standby", "/v1/what"])
def test_agents_hear_who_leads(connect: Connect, authority: LocalAuthority, path: str) -> None:
    """Whatever an agent asks for, it is sent to the leader, and told of the others."""
    agent = connect(authority.agent(HOST))
    body = encode_hello(a_hello()) if path == "/v1/hello" else b"x"
    status, problem, pause = ask(agent, "POST", path, body)
    assert (status, problem["code"], pause) == (421, "not_leader", "")
    assert (problem["leader"], problem["aggregators"]) == (LED.leader, list(LED.aggregators))


def test_an_open_connection_goes_on_hearing_it(connect: Connect, authority: LocalAuthority) -> None:
    """An agent that asks again over the same connection is answered there, without another handshake."""
    agent = connect(authority.agent(HOST))
    assert [ask(agent, "POST", "/v1/batches", b"x")[0] for _ in range(3)] == [421] * 3


@pytest.mark.parametrize("path", ["/v1/enroll", "/v1/renew"])
def test_hosts_without_a_certificate_hear_it_too(connect: Connect, path: str) -> None:
    """A host that wants to be let in is sent to the leader."""
    assert ask(connect(None), "POST", path, b"{}")[1]["leader"] == LED.leader


def test_others_hear_nothing(connect: Connect) -> None:
    """Without a certificate the routes that need one stay shut."""
    assert ask(connect(None), "POST", "/v1/hello", b"x")[1]["code"] == "certificate_required"


def test_the_authority_is_shown(connect: Connect, authority: LocalAuthority) -> None:
    """Whom to trust is the same at every aggregator, and each says it."""
    status, document, _ = ask(connect(None), "GET", "/v1/authority")
    assert (status, document["region"], document["authority"]) == (200, LOCAL_REGION, authority.issuer.authority)


def test_while_nobody_leads_agents_come_back_at_different_times(authority: LocalAuthority) -> None:
    """Without a leader each agent is asked to wait for some seconds, not all for the same."""
    with standing_by(authority, NOBODY, draws=(0.0, 0.3, 0.6, 0.99)) as port:
        context = tls_context(str(authority.aggregator().authority), authority.agent(HOST))
        agent = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
        pauses = [ask(agent, "POST", "/v1/batches", b"x")[2] for _ in range(4)]
        agent.close()
    assert pauses == ["1", "2", "3", "4"]
