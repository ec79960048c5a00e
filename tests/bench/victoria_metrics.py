"""VictoriaMetrics as a peer: the program on the PATH, or the one that VICTORIA_METRICS names.

It is given what ours is given, over its own fastest route, and its answers are not cached.
"""

import http.client
import json
import os
import re
import shutil
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sysmon_agent.wire.messages import Schema
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.terms import Floats
from tests.bench.measure import settle
from tests.support.system import eventually, free_port

PROGRAM = os.environ.get("VICTORIA_METRICS") or shutil.which("victoria-metrics")

_TICKS_AT_ONCE = 10_000


class VictoriaMetrics:
    """A running server with an empty folder."""

    def __init__(self, program: str, folder: Path) -> None:
        self.name = _version(program)
        self.folder = folder
        self._port = free_port()
        self._process = subprocess.Popen(
            [
                program,
                f"-storageDataPath={folder}",
                f"-httpListenAddr=127.0.0.1:{self._port}",
                "-retentionPeriod=10y",
                "-search.latencyOffset=0s",
                "-search.disableCache",
                "-loggerLevel=ERROR",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(lambda: self.get("/health"), "VictoriaMetrics answers")

    @property
    def pid(self) -> int:
        return self._process.pid

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=300)

    def get(self, path: str, **parameters: str) -> bytes:
        connection = self.connect()
        try:
            connection.request("GET", f"{path}?{urllib.parse.urlencode(parameters)}")
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise http.client.HTTPException(f"{path}: {answer.status} {body[:200]!r}")
        return body or b"ok"

    def store(self, host: int, schema: Schema, t: Times, values: Floats) -> None:
        """Import ticks of one host; `values` is float64 [series, ticks]."""
        connection = self.connect()
        for start in range(0, len(t), _TICKS_AT_ONCE):
            part = slice(start, start + _TICKS_AT_ONCE)
            lines = [
                json.dumps({"metric": labels, "values": row[part].tolist(), "timestamps": t[part].tolist()})
                for labels, row in zip(_labels(host, schema), values, strict=True)
            ]
            connection.request("POST", "/api/v1/import", "\n".join(lines).encode())
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.client.NO_CONTENT:
                raise http.client.HTTPException(f"VictoriaMetrics answered {answer.status}")
        connection.close()

    def compact(self) -> None:
        """Write out and merge all that was stored."""
        self.get("/internal/force_flush")
        settle(self.pid)
        self.get("/internal/force_merge")
        settle(self.pid)

    def count(self, start_ms: int, end_ms: int) -> int:
        """Count the samples of all series in a stretch of time, its start not included."""
        query = f'sum(count_over_time({{host=~".+"}}[{(end_ms - start_ms) // 1000}s]))'
        answer = json.loads(self.get("/api/v1/query", query=query, time=str(end_ms / 1000)))
        return int(answer["data"]["result"][0]["value"][1])

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(60)


def name_of(metric: str) -> str:
    return metric.replace(".", "_")


def _labels(host: int, schema: Schema) -> list[dict[str, str]]:
    return [
        {"__name__": name_of(one.metric), "host": f"host-{host}"}
        | {name_of(key): value for key, value in one.attributes}
        for one in schema.series
    ]


def _version(program: str) -> str:
    """Name the program by the module that it was built from; it does not say its version itself."""
    found = re.search(rb"github\.com/VictoriaMetrics/VictoriaMetrics\tv(\d+\.\d+\.\d+)", Path(program).read_bytes())
    return f"victoria-metrics {found[1].decode()}" if found else "victoria-metrics, version unknown"


@contextmanager
def victoria_metrics(folder: Path) -> Iterator[VictoriaMetrics | None]:
    """A server for the length of the block; None where the program is not installed."""
    if PROGRAM is None:
        yield None
        return
    server = VictoriaMetrics(PROGRAM, folder)
    try:
        yield server
    finally:
        server.close()
