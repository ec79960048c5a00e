"""Learns when a program is ready, by the datagram that init systems use for it (sd_notify)."""

import asyncio
import socket
from pathlib import Path
from typing import Self

_MAX_BYTES = 4096


class ReadySignal:
    """Listens for READY=1; a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ready = asyncio.Event()

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        self._socket.setblocking(False)
        self._socket.bind(str(self._path))
        asyncio.get_running_loop().add_reader(self._socket, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """What the program must find in its environment."""
        return {"NOTIFY_SOCKET": str(self._path)}

    async def wait(self) -> None:
        await self._ready.wait()

    def _receive(self) -> None:
        if b"READY=1" in self._socket.recv(_MAX_BYTES).split(b"\n"):
            self._ready.set()
