"""node_exporter as a peer: Debian's package, scraped as Prometheus does it."""

import http.client
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from tests.support.system import eventually, free_port

PROGRAM = shutil.which("prometheus-node-exporter")


class NodeExporter:
    """A running exporter that is scraped once an interval, half an interval after this was made."""

    def __init__(self, program: str, interval_seconds: float) -> None:
        self.name = _version(program)
        self.scrapes = 0
        self._port = free_port()
        self._process = subprocess.Popen(
            [program, f"--web.listen-address=127.0.0.1:{self._port}", "--log.level=error"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._scraped, "node_exporter answers")
        self._interval_seconds = interval_seconds
        self._over = Event()
        self._scraping = Thread(target=self._scrape_on)
        self._scraping.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        self._over.set()
        self._scraping.join()
        self._process.terminate()
        self._process.wait(30)

    def _scrape_on(self) -> None:
        wait = self._interval_seconds / 2
        while not self._over.wait(wait):
            self._scraped()
            self.scrapes += 1
            wait = self._interval_seconds

    def _scraped(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
            return bool(connection.getresponse().read())
        except ConnectionError:
            return False
        finally:
            connection.close()


def _version(program: str) -> str:
    """Return "node_exporter 1.5.0" or the like."""
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    words = (shown.stdout + shown.stderr).split()
    return f"node_exporter {words[words.index('version') + 1]}"


@contextmanager
def node_exporter(interval_seconds: float) -> Iterator[NodeExporter | None]:
    """Run the exporter for the time of a block; None where it is not installed."""
    exporter = NodeExporter(PROGRAM, interval_seconds) if PROGRAM else None
    try:
        yield exporter
    finally:
        if exporter:
            exporter.close()
