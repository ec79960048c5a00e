"""Which host names a server's certificate is for."""

import socket

import pytest

from sysmon_agent.errors import ConfigError
from sysmon_appliance.pki.names import LOOPBACK, server_names


def test_configured_names_come_first_and_once() -> None:
    """Configured names are written as certificates spell them, and the local machine's are always there."""
    given = ["Agg1.Example.org", "bücher.example", "2001:DB8:0::1", "192.0.2.1", "localhost", "agg1.example.org"]
    assert server_names(given, "0.0.0.0:7443") == (
        "agg1.example.org",
        "xn--bcher-kva.example",
        "2001:db8::1",
        "192.0.2.1",
        "localhost",
        "127.0.0.1",
        "::1",
    )


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:7443", "localhost:7443"])
def test_a_listener_on_loopback_has_the_names_of_loopback(listen: str) -> None:
    """A listener that only this machine reaches has no name of it."""
    assert server_names([], listen) == LOOPBACK


def test_without_configuration_it_is_this_machines_names() -> None:
    """A listener that others reach has this machine's host name."""
    names = server_names([], "0.0.0.0:7443")
    assert set(names) >= {*LOOPBACK, *server_names([socket.gethostname()], "127.0.0.1:0")}


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", "", "two words", "x\0"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """A text that is neither a host name nor an address is refused with its setting."""
    with pytest.raises(ConfigError, match=r"pki\.names"):
        server_names([name], "0.0.0.0:7443")
