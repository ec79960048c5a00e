"""`sysmon up`: one command on one host."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.system import Program, eventually, free_port

LINK = re.compile(r"http://\S+/link/\S+")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data of mine"


@pytest.fixture
def running(folder: Path, tmp_path: Path) -> Iterator[Program]:
    program = up(folder, tmp_path / "up.log")
    yield program
    assert program.stop() == 0


def up(folder: Path, log: Path, *, ingest: int = 0, console: int = 0) -> Program:
    """Start local mode on ports that nothing else on this machine uses, unless the test says which."""
    environment = {
        "SYSMON_INGEST__LISTEN": f"127.0.0.1:{ingest or free_port()}",
        "SYSMON_CONSOLE__LISTEN": f"127.0.0.1:{console or free_port()}",
    }
    return Program(["-m", "sysmon_appliance.cli", "up", "--data", str(folder), "--no-browser"], log, environment)


def link_of(program: Program) -> str:
    found = eventually(lambda: LINK.search(program.output()), "a link is printed")
    return found.group()


def browser(link: str) -> httpx2.Client:
    return httpx2.Client(base_url=link.partition("/link/")[0], follow_redirects=False)


def values_of(client: httpx2.Client) -> list[float | None]:
    """The canonical values of the one host, once there are any."""
    hosts = client.get("/api/v1/fleet").raise_for_status().json()["hosts"]
    return hosts[0]["values"] if hosts and any(hosts[0]["values"]) else []


def test_link_opens_the_console_once(running: Program) -> None:
    """The link that is printed signs one browser in, and nobody after it."""
    link = link_of(running)
    with browser(link) as first, browser(link) as second:
        assert first.get("/api/v1/fleet").status_code == 401
        assert first.get(link).status_code == 303
        assert first.get("/api/v1/session").json()["signed_in"]
        refused = second.get(link)
        assert refused.status_code == 403
        assert "sysmon link" in refused.text
        assert second.get("/api/v1/fleet").status_code == 401


def test_this_hosts_metrics_arrive(running: Program) -> None:
    """Moments after the start the console has this host's own metrics."""
    link = link_of(running)
    with browser(link) as client:
        client.get(link)
        assert eventually(lambda: values_of(client), "the host has values")


def test_second_start_prints_a_new_link(running: Program, folder: Path, tmp_path: Path) -> None:
    """Where it runs already, a second start prints a new link to it and ends."""
    first = link_of(running)
    again = up(folder, tmp_path / "again.log")
    assert again.wait() == 0
    second = link_of(again)
    assert second != first
    with browser(second) as client:
        assert client.get(second).status_code == 303


def test_dead_parts_are_started_again(running: Program) -> None:
    """A part that dies is started again, says why, and the browser stays signed in."""
    link = link_of(running)
    with browser(link) as client:
        client.get(link)
        eventually(lambda: values_of(client), "the host has values")
        os.kill(children_of(running.pid)["sysmon_appliance.cli.aggregator"], signal.SIGKILL)
        running.says("SIGKILL")
        eventually(lambda: client.get("/api/v1/session").json()["signed_in"], "the session is still there")
        eventually(lambda: values_of(client), "the host has values again")


def test_nothing_survives_its_parent(folder: Path, tmp_path: Path) -> None:
    """When `sysmon up` itself is killed, neither aggregator nor agent stays behind."""
    program = up(folder, tmp_path / "up.log")
    link_of(program)
    eventually(lambda: len(children_of(program.pid)) == 2, "both parts run")
    children = children_of(program.pid).values()
    program.kill()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "both parts have ended")


def test_taken_ports_are_passed_over(folder: Path, tmp_path: Path) -> None:
    """Where the usual ports are taken the next free ones are used, and the start says so."""
    with socket.create_server(("127.0.0.1", 0)) as ingest, socket.create_server(("127.0.0.1", 0)) as console:
        ports = [taken.getsockname()[1] for taken in (ingest, console)]
        program = up(folder, tmp_path / "up.log", ingest=ports[0], console=ports[1])
        link = link_of(program)
        for port in ports:
            assert f":{port}/" not in link
            program.says(f"127.0.0.1:{port} is in use; using 127.0.0.1:")
        assert program.stop() == 0


def test_files_are_for_their_owner_alone(running: Program, folder: Path) -> None:
    """The data folder and every key in it are closed to other users."""
    link_of(running)
    assert folder.stat().st_mode & 0o077 == 0
    open_keys = [key for key in folder.rglob("*key.pem") if key.stat().st_mode & 0o077]
    assert not open_keys


def children_of(pid: int) -> dict[str, int]:
    """Map the module that each child runs to its process id."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    found = {}
    for child in children:
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        module = next((word.decode() for word in words if word.startswith((b"sysmon_", b"import sysmon_"))), "")
        if module:
            found[module] = int(child)
    return found
