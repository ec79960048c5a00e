"""Secrets are planted in the running product, and looked for in all that it writes, shows and answers."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.support.system import Program, eventually, free_port

PASSWORD = "planted-password-of-alice-7Qx"
WRONG_PASSWORD = "planted-wrong-password-9Zk"
WRONG_TOKEN = "smapi_0000planted_wrongsecretwrongsecretwrong"

ANSWERS = (
    *("", "metrics", "healthz", "api/v1/hosts", "api/v1/session", "api/v1/sessions", "api/v1/users"),
    *("api/v1/api-tokens", "api/v1/tokens", "api/v1/enrolments", "api/v1/certificates"),
    *("api/v1/audit", "api/v1/audit/export"),
)
"""What the console answers to somebody who may see everything."""


@dataclass
class Planted:
    """A whole local system, the secrets that were planted in it, and what it let be seen."""

    data: Path
    log: Path  # what `sysmon up` printed
    url: str
    secrets: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)  # by where it was seen

    def sysmon(self, *arguments: str, module: str = "sysmon_appliance.cli", code: int = 0) -> str:
        """Run a command to its end, keep what it said on standard error, and return what it was asked for."""
        command = [sys.executable, "-m", module, *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert ended.returncode == code, ended.stderr
        self.shown[f"standard error {len(self.shown)}"] = ended.stderr
        return ended.stdout.strip()

    def operate(self, *arguments: str) -> str:
        return self.sysmon(*arguments, "--socket", str(self.data / "aggregator.sock"))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("planted")
    ports = {"INGEST": free_port(), "CONSOLE": free_port()}
    environ = {f"SYSMON_{name}__LISTEN": f"127.0.0.1:{port}" for name, port in ports.items()}
    arguments = ["-m", "sysmon_appliance.cli", "up", "--data", str(folder / "data"), "--no-browser"]
    program = Program(arguments, folder / "up.log", environ | {"SYSMON_LOG_LEVEL": "debug"})
    here = Planted(folder / "data", program.log, f"http://127.0.0.1:{ports['CONSOLE']}")
    try:
        eventually(lambda: "/link/" in program.output(), "a link is printed")
        use_everything(here)
        collect(here, program.pid)
        yield here
    finally:
        program.stop()


def use_everything(here: Planted) -> None:
    """Sign in, make tokens, let a host in, and get as much of that wrong as right."""
    invitation = here.operate("users", "create", "alice", "--role", "admin")
    token = here.operate("token", "create", "--quiet")
    link = here.operate("link")
    with httpx2.Client(base_url=here.url, headers={"x-sysmon": "1"}) as client:
        accept(here, client, invitation.rpartition("/")[2])
        sign_in_wrongly(here, client)
        made = client.post("/api/v1/api-tokens", json={"name": "ci", "role": "viewer", "expires_seconds": 600})
        api_token = made.raise_for_status().json()["secret"]
        client.get(f"/link/{link.rpartition('/')[2]}")
        look_around(here, client, api_token)
    enrol(here, token)
    here.secrets |= {
        "invitation": invitation.rpartition("/")[2],
        "join token": token,
        "link": link.rpartition("/")[2],
        "API token": api_token.split("_", 2)[2],
        "password": PASSWORD,
        "wrong password": WRONG_PASSWORD,
        "wrong API token": WRONG_TOKEN.rpartition("_")[2],
        "session": str(client.cookies.get("sysmon_session")),
    }


def accept(here: Planted, client: httpx2.Client, invitation: str) -> None:
    """Set the password, first one that is refused."""
    address = f"/api/v1/invitations/{invitation}"
    here.shown["a password that is too short"] = client.post(address, json={"password": PASSWORD[:5]}).text
    here.shown["a body that is no JSON"] = client.post(address, content=f'{{"password": "{PASSWORD}"').text
    here.shown["an invitation"] = client.get(address).text
    client.post(address, json={"password": PASSWORD}).raise_for_status()


def sign_in_wrongly(here: Planted, client: httpx2.Client) -> None:
    for name, document in {
        "a wrong password": {"user": "alice", "password": WRONG_PASSWORD},
        "an unknown user": {"user": WRONG_PASSWORD, "password": PASSWORD},
        "a password in the wrong place": {"user": ["alice"], "password": {"is": PASSWORD}},
    }.items():
        here.shown[name] = client.post("/api/v1/session", json=document).text
    wrong = {"authorization": f"Bearer {WRONG_TOKEN}"}
    here.shown["a wrong API token"] = httpx2.get(f"{here.url}/api/v1/hosts", headers=wrong).text


def look_around(here: Planted, client: httpx2.Client, api_token: str) -> None:
    """Keep what the console answers to somebody who may see everything, and to a script."""
    for path in ANSWERS:
        here.shown[f"the answer to /{path}"] = client.get(f"/{path}").text
    with_token = {"authorization": f"Bearer {api_token}"}
    here.shown["the answer to a script"] = httpx2.get(f"{here.url}/api/v1/session", headers=with_token).text


def enrol(here: Planted, token: str) -> None:
    """Let a second host in, and try it again with the token that is used up, and with a damaged one."""
    settings = here.data.parent / "second" / "agent.yaml"
    settings.parent.mkdir()
    settings.write_text("tls: {certificate: pki/agent.pem, key: pki/agent-key.pem, authority: pki/ca.pem}\n")
    arguments = ("enroll", "--config", str(settings))
    here.shown["enrolling"] = here.sysmon(*arguments, "--name", "second", token, module="sysmon_agent")
    here.sysmon(*arguments, "--force", token, module="sysmon_agent", code=4)
    here.sysmon(*arguments, "--force", token[:-9], module="sysmon_agent", code=2)


def collect(here: Planted, pid: int) -> None:
    """Keep what the programs wrote, and how they appear in the list of processes."""
    here.shown["what `sysmon up` printed"] = here.log.read_text()
    up = psutil.Process(pid)
    for process in (up, *up.children(recursive=True)):
        here.shown[f"command line of {process.pid}"] = " ".join(process.cmdline())
    for file in sorted(here.data.parent.rglob("*")):
        if file.is_file():
            here.shown[str(file.relative_to(here.data.parent))] = file.read_bytes().decode("latin-1")


def test_secrets_are_written_nowhere(planted: Planted) -> None:
    """No log, database, file, error, answer or command line holds a password, a token, a link or a session."""
    found = [
        (name, where)
        for name, secret in planted.secrets.items()
        for where in planted.shown
        if secret in planted.shown[where]
    ]
    assert not found


def test_all_places_were_looked_at(planted: Planted) -> None:
    """Logs, database, settings, spool, errors and command lines are among what was looked through."""
    wanted = (
        "logs/aggregator.log",
        "logs/agent.log",
        "live/live.sqlite",
        "live.sqlite-wal",
        "aggregator.yaml",
        ".spool",
    )
    assert all(any(where.endswith(name) for where in planted.shown) for name in wanted)
    assert len([where for where in planted.shown if where.startswith("command line")]) >= 3
    assert len(planted.secrets) == len(set(planted.secrets.values())) == 8
    assert all(len(secret) > 16 for secret in planted.secrets.values())


def test_private_keys_lie_in_files_of_their_own(planted: Planted) -> None:
    """Private keys are in key files of mode 0600, and in no other file, log or answer."""
    holders = [where for where, text in planted.shown.items() if "PRIVATE KEY" in text]
    assert holders
    assert all(where.endswith("-key.pem") for where in holders)
    assert {(planted.data.parent / where).stat().st_mode & 0o777 for where in holders} == {0o600}
