import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.support.system import Program, UnixConnection, eventually, free_port


class Up:
    """A running `sysmon up`."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "my data"
        self._folder = folder
        self._programs: list[Program] = []

    def settings(self, name: str, **settings: Any) -> None:
        """Write a settings file before the first start, as somebody who edited it would have left it."""
        self.data.mkdir(exist_ok=True)
        (self.data / name).write_text(yaml.safe_dump(settings))

    def start(self, *arguments: str) -> Program:
        log = self._folder / f"up-{len(self._programs)}.log"
        words = ["-m", "sysmon_appliance.cli", "up", "--data", str(self.data), "--no-browser", *arguments]
        self._programs.append(Program(words, log))
        return self._programs[-1]

    def get(self, path: str) -> Any:
        connection = UnixConnection(self.socket)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    @property
    def socket(self) -> Path:
        return Path(json.loads((self.data / "run.json").read_text())["socket"])

    def children(self, program: Program) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()]

    def close(self) -> None:
        for program in self._programs:
            if program.running:
                program.stop()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path)
    ports = {"ingest": free_port(), "console": free_port()}
    up.settings(
        "aggregator.yaml",
        region="local",
        data="live",
        ingest={
            "listen": f"127.0.0.1:{ports['ingest']}",
            "certificate": "pki/aggregator.pem",
            "key": "pki/aggregator-key.pem",
            "authority": "pki/ca.pem",
        },
        console={"listen": f"127.0.0.1:{ports['console']}"},
    )
    yield up
    up.close()


def link_in(text: str) -> str:
    return next(word for word in text.split() if "/link/" in word)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_up_shows_this_host_and_stops_cleanly(up: Up) -> None:
    """`sysmon up` prints a link that opens the console once, this host's data arrive, and Ctrl-C ends all of it."""
    program = up.start()
    program.says("Ctrl-C stops it.")
    link = link_in(program.output())
    with httpx2.Client() as browser:
        assert browser.get(link).status_code == 303
        assert browser.get(link).status_code == 403
        host = eventually(
            lambda: browser.get(httpx2.URL(link).join("/api/v1/hosts")).json()["hosts"], "a host is there"
        )
    assert host[0]["name"] == socket.gethostname()
    eventually(lambda: up.get("/api/v1/ledger")["total"]["stored"] >= 2, "ticks are stored")
    children = up.children(program)
    assert len(children) == 2
    os.kill(program.pid, signal.SIGINT)
    assert program.wait() == 0
    assert not [pid for pid in children if alive(pid)]
    assert not (up.data / "run.json").exists()


def test_up_twice_gives_a_second_link(up: Up) -> None:
    """A second `sysmon up` on the same folder prints a new link to the first and ends well."""
    first = up.start()
    first.says("Ctrl-C stops it.")
    second = up.start()
    assert second.wait() == 0
    assert link_in(second.output()) != link_in(first.output())
    assert f"SysMonitor runs already (process {first.pid})." in second.output()
    assert first.running


def test_up_starts_again_what_is_killed(up: Up) -> None:
    """After kill -9 of aggregator and agent both run again, and what was stored is still there."""
    program = up.start()
    program.says("Ctrl-C stops it.")
    stored = eventually(lambda: up.get("/api/v1/ledger")["total"]["stored"], "a tick is stored")
    for pid in up.children(program):
        os.kill(pid, signal.SIGKILL)
    program.says("The aggregator was ended by SIGKILL; it starts again")
    program.says("The agent was ended by SIGKILL; it starts again")
    eventually(lambda: up.get("/api/v1/ledger")["total"]["stored"] > stored, "more ticks are stored")
    assert up.get("/version")["epoch"] == 2


def test_up_evades_ports_that_are_taken(up: Up) -> None:
    """Where a port is taken `sysmon up` uses the next free one, says so, and data arrive there."""
    wanted = yaml.safe_load((up.data / "aggregator.yaml").read_text())["ingest"]["listen"]
    host, port = wanted.split(":")
    with socket.create_server((host, int(port))):
        program = up.start()
        program.says("Ctrl-C stops it.")
        assert f"{wanted} is in use; using 127.0.0.1:" in program.output()
    eventually(lambda: up.get("/api/v1/ledger")["total"]["stored"], "a tick is stored")


def test_up_with_demo_marks_simulated_hosts(up: Up) -> None:
    """Simulated hosts appear beside the real one, and each is marked."""
    program = up.start("--demo", "3")
    program.says("Ctrl-C stops it.")
    hosts = eventually(lambda: len(found := up.get("/api/v1/hosts")["hosts"]) == 4 and found, "all hosts are there")
    assert sorted(host["simulated"] for host in hosts) == [False, True, True, True]


def test_up_reports_every_fault_of_its_settings(up: Up) -> None:
    """Faults in an edited settings file are told with their lines before anything starts."""
    up.settings("agent.yaml", intervall=5, spool={"max_bytes": 1})
    program = up.start()
    assert program.wait() == 2
    assert "agent.yaml:1: there is no setting `intervall`" in program.output()
    assert "agent.yaml:3: `spool.max_bytes` is out of range" in program.output()
    assert not (up.data / "run.json").exists()


def test_up_tells_why_the_aggregator_did_not_start(up: Up) -> None:
    """An aggregator that cannot start ends `sysmon up` with its own words."""
    (up.data / "live").write_text("in the way")
    program = up.start()
    assert program.wait() == 1
    assert (
        "error[storage]: The aggregator ended with exit code 1 before it was ready. Its last words: error[storage]:"
        in program.output()
    )
