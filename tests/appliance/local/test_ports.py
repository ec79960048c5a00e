import socket
from collections.abc import Iterator

import pytest

from sysmon_agent.config.addresses import Address
from sysmon_agent.errors import ConfigError
from sysmon_appliance.local.ports import free_address


@pytest.fixture
def taken() -> Iterator[Address]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Address(*server.getsockname())


def test_a_free_port_is_used(taken: Address) -> None:
    """An address that nobody listens at is used as it is."""
    port = taken.port
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = Address("127.0.0.1", other.getsockname()[1])
    assert free.port != port
    assert free_address(str(free), "ingest.listen") == free


def test_a_taken_port_gives_another(taken: Address) -> None:
    """Where the port is taken, another one of the same host is found, and it is free."""
    found = free_address(str(taken), "ingest.listen")
    assert found.host == taken.host
    assert found.port != taken.port
    with socket.create_server((found.host, found.port)):
        pass


def test_an_address_of_another_machine_is_refused() -> None:
    """An address that is not this machine's is no matter of ports, and the setting is named."""
    with pytest.raises(ConfigError, match=r"ingest\.listen: cannot listen at 192\.0\.2\.1:7443"):
        free_address("192.0.2.1:7443", "ingest.listen")
