"""A whole SysMonitor on loopback: the real programs, certificates and files, in a folder of their own.

Programs are started as an init system would start them and are ended by their process id. Nothing here waits for a
fixed time: a test waits for what it wants to see, and PATIENCE only ends a wait that would never end.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import yaml

from sysmon_agent.clock import SystemClock
from tests.support.authority import LocalAuthority
from tests.support.pushes import HOST

PATIENCE = 60.0

Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen | None], what: str, patience: float = PATIENCE) -> Seen:
    """Return the first true value that `look` returns; fail with `what` was waited for when none comes.

    An aggregator that does not answer, or not well, counts as nothing seen.
    """
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException, httpx2.HTTPError):
            if seen := look():
                return seen
        time.sleep(0.05)
    raise AssertionError(f"waited {patience:.0f} s in vain until {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Program:
    """A running program whose output goes to a file."""

    def __init__(self, arguments: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def says(self, text: str) -> None:
        """Wait until the program has written `text`, on whichever stream."""
        eventually(lambda: text in self.output(), f"the program says {text!r}; it said:\n{self.output()}")

    def kill(self) -> None:
        """End it as a power cut would: no handler runs."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def wait(self) -> int:
        """Wait for it to end by itself, and return its exit code."""
        return self._process.wait(PATIENCE)


class System:
    """One aggregator and its agents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = LocalAuthority.open(folder / "pki", SystemClock())
        self.ingest_port = free_port()
        self.console_port = free_port()
        self.data = folder / "live"
        self.spool = folder / "spool"
        self.socket = folder / "s.sock"
        self._programs: list[Program] = []

    def start(self, arguments: list[str], log: str, environment: Mapping[str, str] | None = None) -> Program:
        """Start any program of ours; it is ended with the system."""
        program = Program(arguments, self.folder / f"{log}.log", environment)
        self._programs.append(program)
        return program

    def start_aggregator(self, **changes: Any) -> Program:
        """Start the aggregator; `changes` are top-level settings that differ."""
        settings = self.write_aggregator_settings(**changes)
        return self.start(["-m", "sysmon_appliance.cli.aggregator", "run", "--config", settings], "aggregator")

    def write_aggregator_settings(self, **changes: Any) -> str:
        return self._write("aggregator.yaml", self._aggregator_settings() | changes)

    def start_agent(self, name: str = "agent", host_id: str = HOST, **changes: Any) -> Program:
        """Start an agent with the certificate of `host_id`; `changes` are top-level settings that differ."""
        settings = self._write(f"{name}.yaml", self._agent_settings(host_id) | changes)
        return self.start(["-m", "sysmon_agent", "run", "--config", settings], name)

    def get(self, path: str) -> Any:
        """Ask the aggregator over its Unix socket, as a command on the same machine does.

        Raises
        ------
        http.client.HTTPException
            The answer is not 200.
        """
        connection = UnixConnection(self.socket)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"{path}: {answer.status} {body!r}")
        return json.loads(body)

    def ready(self) -> None:
        eventually(lambda: self.get("/readyz"), "the aggregator is ready")

    def stored(self, host_id: str = HOST) -> int:
        """Count the ticks that the aggregator has of a host."""
        entries = [entry for entry in self.get("/api/v1/ledger")["hosts"] if entry["id"] == host_id]
        return sum(stream["stored"] for entry in entries for stream in entry["streams"])

    def holds(self, ticks: int, host_id: str = HOST) -> None:
        """Wait until the aggregator has stored at least so many ticks of a host."""
        eventually(lambda: self.stored(host_id) >= ticks, f"{ticks} ticks are stored")

    def close(self) -> None:
        for program in self._programs:
            program.kill()

    def _write(self, name: str, settings: dict[str, Any]) -> str:
        path = self.folder / name
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
        return str(path)

    def _aggregator_settings(self) -> dict[str, Any]:
        return {
            "region": "local",
            "data": str(self.data),
            "ingest": {"listen": f"127.0.0.1:{self.ingest_port}", **self.authority.aggregator().settings()},
            "console": {"listen": f"127.0.0.1:{self.console_port}", "socket": str(self.socket)},
        }

    def _agent_settings(self, host_id: str) -> dict[str, Any]:
        return {
            "name": "under-test",
            "interval_seconds": 1,
            "aggregators": [f"127.0.0.1:{self.ingest_port}"],
            "tls": self.authority.agent(host_id).settings(),
            "spool": {"directory": str(self.spool), "min_free_bytes": 0},
            # A test that kills the aggregator does not want to wait out a long pause.
            "uplink": {"backoff_seconds": 1},
        }


@contextlib.contextmanager
def system_in(folder: Path) -> Iterator[System]:
    """A system that is gone when the block ends, whatever happened."""
    system = System(folder)
    try:
        yield system
    finally:
        system.close()
