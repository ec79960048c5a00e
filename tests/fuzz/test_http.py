"""Whatever is sent to the ingest port, the listener answers or hangs up, and goes on."""

import gc
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from sysmon_agent.wire.encode import encode_hello
from sysmon_appliance.web.ingest.protocol import IngestProtocol
from tests.fuzz.campaign import SEED, resident_bytes
from tests.fuzz.http import feed, send
from tests.support.ingest_server import Listener
from tests.support.peers import leading
from tests.support.pushes import a_hello
from tests.support.system import eventually

ROUNDS = 4
IN_A_ROUND = 5000
OVER_LOOPBACK = 300
LARGEST_GROWTH = 8 << 20


@pytest.fixture
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    with leading(tmp_path_factory.mktemp("fuzz")) as leader:
        yield leader.listener


def nothing_lingers() -> bool:
    """Tell whether connections are gone but for a few that wait for something; a refused one stays for a second."""
    gc.collect()
    return sum(isinstance(it, IngestProtocol) for it in gc.get_objects()) < IN_A_ROUND // 250


def serves(listener: Listener) -> bool:
    """Tell whether an agent that connects now is served."""
    agent = listener.agent()
    try:
        return agent.post("/v1/hello", encode_hello(a_hello())).status == 200
    finally:
        agent.close()


def test_any_request_is_answered_or_refused(listener: Listener, record_property: Callable[[str, object], None]) -> None:
    """Tens of thousands of requests raise nothing, are never a server error, and leave no memory behind."""
    sizes = [resident_bytes()]
    for number in range(ROUNDS):
        statuses = feed(listener, IN_A_ROUND, SEED + number)
        assert statuses.total() > IN_A_ROUND // 2
        assert not {status for status in statuses if status >= 500}
        eventually(nothing_lingers, "the connections that were refused are gone")
        sizes.append(resident_bytes())
    # What leaks leaks in every round; an allocator that asks the system for more does so in some.
    assert min(after - before for before, after in pairwise(sizes)) < LARGEST_GROWTH
    assert serves(listener)
    record_property("inputs", ROUNDS * IN_A_ROUND)


def test_good_requests_are_among_them(listener: Listener) -> None:
    """Some inputs are still good, so that not only the first lines of the listener are tried."""
    assert {200, 400, 403} <= set(feed(listener, 3000, seed=2))


def test_any_bytes_over_tls_leave_the_listener_well(
    listener: Listener, record_property: Callable[[str, object], None]
) -> None:
    """Hundreds of damaged requests over real connections later, an agent is served as before."""
    assert send(listener, OVER_LOOPBACK, SEED) > OVER_LOOPBACK // 2
    assert serves(listener)
    record_property("inputs", OVER_LOOPBACK)
