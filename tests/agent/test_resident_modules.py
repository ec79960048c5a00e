"""The weight of the resident agent is a tested list: what it loads while it collects and delivers for real."""

import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.values import AgentSettings, SpoolSettings, TlsSettings
from tests.support.authority import LocalAuthority
from tests.support.model_server import ModelServer
from tests.support.pushes import HOST
from tests.support.tls_server import read_request, tls_server

GOLDEN = Path(__file__).with_name("golden_modules.txt")
WORKING = """
import atexit, os, sys
from sysmon_agent.resident import main
atexit.register(lambda: print(*sys.modules))
main(int(sys.argv[1]), os.environ)
"""
FORBIDDEN = {
    "argparse": "reading the command line is the work of the short-lived process before",
    "asyncio": "10 MB, and two threads need no event loop",
    "cryptography": "16 MB; enrolment is a short-lived process",
    "datetime": "brought by strptime; times here are milliseconds",
    "email": "http.client and importlib.metadata bring it; nothing here reads mail",
    "encodings.idna": "brings a megabyte of Unicode tables for host names that are ASCII",
    "http": "2 MB and triple the cost of a push; the transport speaks the little HTTP that it needs",
    "importlib.metadata": "brings email; the version is a constant",
    "msgspec": "5 MB for settings that the short-lived process has checked",
    "multiprocessing": "4 MB for what os.posix_spawn does",
    "numpy": "16 MB; arrays of the standard library do",
    "pathlib": "brings urllib; paths here are few and fixed",
    "psutil": "5 MB; the Linux collectors read /proc themselves",
    "sqlite3": "2 MB; the spool is plain files",
    "subprocess": "1 MB; os.posix_spawn starts the one child that there is",
    "tempfile": "brings random and shutil; the spool names its files itself",
    "urllib": "2 MB; the transport needs no URLs",
    "yaml": "3 MB; settings arrive as JSON",
}


def start(address: str, issued: TlsSettings, folder: Path) -> subprocess.Popen[str]:
    settings = AgentSettings(
        interval_seconds=1, aggregators=(address,), tls=issued, spool=SpoolSettings(directory=str(folder))
    )
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(asdict(settings)).encode())
        file.seek(0)
        command = [sys.executable, "-P", "-c", WORKING, str(file.fileno())]
        return subprocess.Popen(command, pass_fds=[file.fileno()], stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules of an agent that has said hello and delivered two ticks, without those of every Python."""
    folder = tmp_path_factory.mktemp("agent")
    authority = LocalAuthority.open(folder / "pki", SystemClock())
    issued = authority.agent(HOST)
    server = ModelServer(SystemClock().wall_ms)
    agents: list[subprocess.Popen[str]] = []

    def script(stream: ssl.SSLSocket) -> None:
        link = server.connect()
        while True:
            head, _, body = read_request(stream).partition(b"\r\n\r\n")
            answer = link.post(head.split(b" ")[1].decode(), body)
            stream.sendall(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n" % (answer.status, len(answer.body)))
            stream.sendall(answer.body)
            if len(server.values()) == 2:
                agents[0].send_signal(signal.SIGTERM)

    with tls_server(authority.aggregator(), script) as address:
        tls = TlsSettings(**issued.settings())
        agents.append(start(address, tls, folder / "spool"))
        output, _ = agents[0].communicate(timeout=60)
    bare = subprocess.check_output([sys.executable, "-P", "-c", "import sys; print(*sys.modules)"], text=True)
    return set(output.split()) - set(bare.split())


def test_nothing_heavy_stays_in_memory(loaded: set[str]) -> None:
    """The resident agent loads none of the modules that were measured to be too heavy."""
    assert "sysmon_agent.resident" in loaded
    found = {name: why for name, why in FORBIDDEN.items() if any(f"{one}.".startswith(f"{name}.") for one in loaded)}
    assert found == {}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="The list is of Python 3.11, whose parts others cut anew.")
def test_what_is_loaded_is_a_list_to_be_reviewed(loaded: set[str]) -> None:
    """Whatever the agent loads beside its own modules is listed; SYSMON_UPDATE_GOLDEN=1 writes the list anew."""
    foreign = sorted(name for name in loaded if not name.startswith("sysmon_agent") and name != "__mp_main__")
    if os.environ.get("SYSMON_UPDATE_GOLDEN"):
        GOLDEN.write_text("\n".join(foreign) + "\n")
    assert foreign == GOLDEN.read_text().split()
