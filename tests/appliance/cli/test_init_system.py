"""The init system learns that the program is ready, and that it is alive."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sysmon_appliance.cli.init_system import InitSystem


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(10)
        yield listener


def test_readiness_is_told(tmp_path: Path) -> None:
    """The program says that it is ready to the socket that its environment names."""
    with listening(str(tmp_path / "notify")) as listener:
        InitSystem.of({"NOTIFY_SOCKET": str(tmp_path / "notify")}).ready()
        assert listener.recv(100) == b"READY=1"


def test_a_socket_may_have_no_file(tmp_path: Path) -> None:
    """An @ at the beginning of the socket's name stands for a name without a file."""
    with listening(f"\0{tmp_path}") as listener:
        InitSystem.of({"NOTIFY_SOCKET": f"@{tmp_path}"}).ready()
        assert listener.recv(100) == b"READY=1"


async def test_signs_of_life_come_in_time(tmp_path: Path) -> None:
    """A program with a watchdog gives sign after sign while its event loop turns, and none once it is to stop."""
    stop = asyncio.Event()
    with listening(str(tmp_path / "notify")) as listener:
        init = InitSystem.of({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000"})
        alive = asyncio.ensure_future(init.keep_alive(stop))
        for _ in range(3):
            assert await asyncio.to_thread(listener.recv, 100) == b"WATCHDOG=1"
        stop.set()
        await alive


async def test_without_a_watchdog_nothing_is_sent() -> None:
    """A program that nobody watches ends its signs of life at once, and readiness goes nowhere."""
    init = InitSystem.of({})
    init.ready()
    await init.keep_alive(asyncio.Event())
    assert InitSystem.of({"WATCHDOG_USEC": "2000", "WATCHDOG_PID": "1"}).watchdog_seconds == 0
