"""Servers of a cluster: processes that a test kills, freezes and starts again where they were."""

import ctypes
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PATIENCE = 60.0

# Below what the kernel hands out by itself: a server that is started again must find its port free.
_PORTS = range(20_000, 32_000)
_PR_SET_PDEATHSIG = 1


class Server:
    """A program in the background; nothing of it outlives the test, however that ends."""

    def __init__(self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        self._command = tuple(command)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen = False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def answers(self) -> bool:
        """Whether it runs and was not frozen."""
        return self.running and not self._frozen

    def start(self) -> None:
        """Start it, or start it again; call it in the main thread, for the process ends with the thread."""
        assert not self.running
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - it takes no lock
            )

    def kill(self) -> None:
        """End it as a power cut would; fine when it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
        self._frozen = False

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE)

    def freeze(self) -> None:
        """Let it stand still; its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        """Let it go on; fine when it does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._frozen = False

    def last_words(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:] if self.log.exists() else ""


def free_ports(address: str, count: int) -> list[int]:
    """Find ports of a loopback address that are free for TCP and for UDP, and stay free while nobody asks for them."""
    found = (port for port in random.sample(_PORTS, len(_PORTS)) if _is_free(address, port))
    return [next(found) for _ in range(count)]


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        try:
            stream.bind((address, port))
            datagrams.bind((address, port))
        except OSError:
            return False
    return True


def _preparing() -> Callable[[], None]:
    """Make what ties a new process to this one; it runs between fork and exec, so all is loaded before."""
    prctl = ctypes.CDLL(None).prctl

    def end_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return end_with_parent


_end_with_parent = _preparing()
