"""Tells the init system how the program is, by the protocol of sd_notify(3)."""

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class InitSystem:
    address: str = ""  # of its socket; empty where nobody listens
    watchdog_seconds: float = 0.0  # without a sign of life for so long it kills the program; 0 means never

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Find out what it expects of this process; a watchdog of another process is none of ours."""
        named = environ.get("NOTIFY_SOCKET", "")
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = int(environ.get("WATCHDOG_USEC", "0")) if ours else 0
        return cls("\0" + named[1:] if named.startswith("@") else named, microseconds / 1e6)

    def ready(self) -> None:
        self._send(b"READY=1")

    async def keep_alive(self, stop: asyncio.Event) -> None:
        """Give a sign of life twice in the time that is allowed, until `stop`: as long as the event loop turns."""
        while self.watchdog_seconds and not stop.is_set():
            self._send(b"WATCHDOG=1")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.watchdog_seconds / 2)

    def _send(self, message: bytes) -> None:
        if self.address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
                notifier.sendto(message, self.address)
