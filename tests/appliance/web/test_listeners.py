import socket
import stat
from pathlib import Path

import pytest

from sysmon_agent.errors import ConfigError
from sysmon_appliance.local.places import MAX_SOCKET_PATH_BYTES
from sysmon_appliance.web.listeners import address_of, is_loopback, tcp_listener, unix_listener


def test_port_zero_is_any_free_port() -> None:
    """Port 0 listens at a port of the system's choice, which can be asked for."""
    with tcp_listener("127.0.0.1:0", "ingest.listen") as listener:
        address = address_of(listener)
        with socket.create_connection((address.host, address.port)):
            pass
    assert address.port


def test_a_port_in_use_is_told_with_the_setting() -> None:
    """A port that another program uses is told with the setting and the command that shows the program."""
    with tcp_listener("127.0.0.1:0", "ingest.listen") as first:
        address = address_of(first)
        with pytest.raises(ConfigError) as caught:
            tcp_listener(str(address), "ingest.listen")
    assert caught.value.message == f"ingest.listen: cannot listen at {address}: Address already in use."
    assert caught.value.hint == f"ss -ltnp 'sport = :{address.port}'"


def test_a_foreign_address_is_refused() -> None:
    """An address that is not this machine's is refused in words."""
    with pytest.raises(ConfigError, match="cannot listen at"):
        tcp_listener("192.0.2.1:7443", "console.listen")


def test_the_socket_is_private(tmp_path: Path) -> None:
    """The Unix socket and the folder made for it are for their owner only."""
    path = tmp_path / "run" / "s.sock"
    with unix_listener(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert [entry.name for entry in path.parent.iterdir()] == ["s.sock"]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_what_a_crash_left_is_replaced(tmp_path: Path) -> None:
    """A socket that nobody listens at any more is replaced."""
    path = tmp_path / "s.sock"
    unix_listener(path).close()
    assert path.exists()
    with unix_listener(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_living_socket_is_left_alone(tmp_path: Path) -> None:
    """A socket at which another aggregator listens is not taken from it."""
    path = tmp_path / "s.sock"
    with unix_listener(path), pytest.raises(ConfigError, match="another aggregator listens"):
        unix_listener(path)


def test_a_path_that_is_too_long_is_told(tmp_path: Path) -> None:
    """A path that no Unix socket can have is refused in words, and leaves nothing behind."""
    path = tmp_path / ("x" * 120)
    with pytest.raises(ConfigError, match=r"console\.socket: cannot listen at"):
        unix_listener(path)
    assert not list(tmp_path.iterdir())


def test_the_longest_path_that_local_mode_uses_is_good(tmp_path: Path) -> None:
    """A socket path of the greatest length that local mode allows can be listened at."""
    room = MAX_SOCKET_PATH_BYTES - len(bytes(tmp_path)) - len("//s.sock")
    path = tmp_path / ("x" * room) / "s.sock"
    assert len(bytes(path)) == MAX_SOCKET_PATH_BYTES
    with unix_listener(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize(
    ("name", "loopback"), [("localhost", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("x", False)]
)
def test_loopback(name: str, loopback: bool) -> None:  # noqa: FBT001 - a table of expectations
    """Only addresses and the name of loopback are loopback."""
    assert is_loopback(name) is loopback
