"""The agent's commands, as people and init systems use them."""

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sysmon_agent import __version__
from sysmon_agent.clock import SystemClock
from tests.support.agent_rig import open_spool
from tests.support.authority import IssuedFiles, LocalAuthority
from tests.support.clock import ManualClock
from tests.support.pushes import HOST
from tests.support.system import eventually
from tests.support.tls_server import Script, read_request, tls_server

PATIENCE = 60


@pytest.fixture
def issued(tmp_path: Path) -> IssuedFiles:
    return LocalAuthority.open(tmp_path / "pki", SystemClock()).agent(HOST)


@pytest.fixture
def config(tmp_path: Path, issued: IssuedFiles) -> Path:
    """A settings file that names files of this test; the aggregator's port is one where nobody listens."""
    path = tmp_path / "agent.yaml"
    path.write_text(
        f"interval_seconds: 1\naggregators: [127.0.0.1:1]\nspool:\n  directory: {tmp_path / 'spool'}\n"
        f"tls:\n  certificate: {issued.certificate}\n  key: {issued.key}\n  authority: {issued.authority}\n"
    )
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sysmon_agent", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


@contextmanager
def running(config: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "sysmon_agent", "run", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as agent:
        yield agent
        agent.kill()


def wait_for(agent: subprocess.Popen[str], text: str) -> str:
    """Read the log of an agent up to a line that has the text."""
    assert agent.stderr
    for line in agent.stderr:
        if text in line:
            return line
    raise AssertionError(f"the agent ended without saying {text!r}")


def telling(now_ms: int) -> Script:
    """Answer one question for the authority, as an aggregator with this time does."""

    def script(stream: ssl.SSLSocket) -> None:
        read_request(stream)
        body = json.dumps({"authority": "", "now": now_ms, "region": "local"}).encode()
        stream.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))

    return script


def test_the_version_is_printed() -> None:
    """`version` prints one line."""
    assert run("version").stdout == f"sysmon-agent {__version__}\n"


def test_wrong_settings_are_listed(tmp_path: Path) -> None:
    """Every fault of a settings file is reported at once, on standard error, with exit code 2."""
    path = tmp_path / "agent.yaml"
    path.write_text("interval_seconds: 0\nspol: {}\n")
    done = run("run", "--config", path)
    assert done.returncode == 2
    assert f"{path}:1" in done.stderr
    assert f"{path}:2" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("walk",), ("once", "--set", "nonsense"), ("once", "-o", "xml")])
def test_wrong_usage_is_code_2(arguments: tuple[str, ...]) -> None:
    """A command line that cannot be understood ends with exit code 2."""
    assert run(*arguments).returncode == 2


def test_once_prints_a_table(config: Path) -> None:
    """`once` shows what the agent would send, rates included."""
    done = run("once", "--config", config)
    assert done.returncode == 0
    assert "system.memory.limit" in done.stdout


def test_once_prints_json(config: Path) -> None:
    """`once -o json` gives series and tables as one document, `-o jsonl` a line per series."""
    document = json.loads(run("once", "--config", config, "-o", "json").stdout)
    lines = run("once", "--config", config, "-o", "jsonl").stdout.splitlines()
    assert {"metric", "attributes", "unit", "value"} == document["series"][0].keys()
    assert document["tables"]["processes"][0]["pid"] > 0
    assert "system.uptime" in {json.loads(line)["metric"] for line in lines}


def test_once_lists_collectors(config: Path) -> None:
    """The names that `collect.disable` takes can be listed; disabled ones are left out."""
    assert "cpu" in run("once", "--config", config, "--list").stdout.split()
    assert "cpu" not in run("once", "--config", config, "--set", "collect.disable=cpu", "--list").stdout.split()


def test_check_says_what_is_wrong_and_what_to_do(config: Path) -> None:
    """`check` has a line per subject; an aggregator that is not there gives exit code 5 and a reason."""
    done = run("check", "--config", config)
    assert done.returncode == 5
    assert f"ok    certificate: agent {HOST} of region local" in done.stdout
    assert "fail  aggregator 127.0.0.1:1: 127.0.0.1:1 cannot be reached (Connection refused)." in done.stdout


def test_check_is_content_when_an_aggregator_answers(config: Path, tmp_path: Path) -> None:
    """With everything in place `check` ends with 0; with one of two aggregators missing, with 7."""
    aggregator = LocalAuthority.open(tmp_path / "pki", SystemClock()).aggregator()
    with tls_server(aggregator, telling(SystemClock().wall_ms())) as address:
        good = run("check", "--config", config, "--set", f"aggregators={address}")
        partial = run("check", "--config", config, "--set", f"aggregators={address},127.0.0.1:1")
    assert (good.returncode, partial.returncode) == (0, 7), good.stdout + partial.stdout
    assert f"ok    aggregator {address}: spiffe://sysmon/local/aggregator/local answers, its clock is" in good.stdout


def test_check_notes_a_clock_that_is_wrong(config: Path, tmp_path: Path) -> None:
    """A difference between the clocks is no fault of the agent, but is shown with the command that helps."""
    aggregator = LocalAuthority.open(tmp_path / "pki", SystemClock()).aggregator()
    with tls_server(aggregator, telling(SystemClock().wall_ms() + 600_000)) as address:
        done = run("check", "--config", config, "--set", f"aggregators={address}")
    assert done.returncode == 0
    assert f"note  aggregator {address}: " in done.stdout
    assert "s ahead\n      hint: timedatectl status" in done.stdout


def test_check_says_when_renewal_is_late(config: Path, issued: IssuedFiles) -> None:
    """A renewal that is overdue is noted, with the command that makes up for it."""
    issued.certificate.write_text(f"renew-at-ms: {SystemClock().wall_ms() - 1000}\n{issued.certificate.read_text()}")
    assert "\n      hint: sysmon-agent renew\n" in run("check", "--config", config).stdout


def test_settings_can_be_checked_and_shown(config: Path) -> None:
    """`config check` passes good settings; `config show` prints what was set, with --effective defaults as well."""
    assert run("config", "check", "--config", config).stdout == "The settings are good.\n"
    shown = run("config", "show", "--config", config, "--set", "labels=role=db,env=dev")
    assert "interval_seconds  1.0" in shown.stdout
    assert f"{config}:1" in shown.stdout
    assert "role=db, env=dev" in shown.stdout
    assert "spool.max_bytes" not in shown.stdout
    effective = json.loads(run("config", "show", "--effective", "-o", "json", "--config", config).stdout)
    assert {"setting": "spool.max_bytes", "value": 256 << 20, "source": "default"} in effective


def test_wrong_settings_fail_their_check(tmp_path: Path) -> None:
    """`config check` lists faults as every command does, with exit code 2."""
    (tmp_path / "agent.yaml").write_text("spol: {}\n")
    assert run("config", "check", "--config", tmp_path / "agent.yaml").returncode == 2


def test_check_names_an_unusable_key(config: Path, issued: IssuedFiles) -> None:
    """A key that others may read is found, with the command that helps."""
    issued.key.chmod(0o644)
    done = run("check", "--config", config)
    assert done.returncode == 1
    assert f"hint: chmod 600 {issued.key}" in done.stdout


@pytest.mark.fault
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_agent_stops_when_asked(config: Path, tmp_path: Path, number: signal.Signals) -> None:
    """On SIGTERM or Ctrl-C the agent ends with 0, though no aggregator answers; what it collected lies in the spool."""
    with running(config) as agent:
        eventually(lambda: list((tmp_path / "spool").glob("*.spool")), "the first tick is on disk")
        agent.send_signal(number)
        assert agent.wait(PATIENCE) == 0
    spool = open_spool(tmp_path / "spool", ManualClock())
    assert spool.last >= 1
    spool.close()


@pytest.mark.fault
def test_an_agent_keeps_its_process(config: Path) -> None:
    """The program that stays has the process id that was started, so whoever supervises it sees it."""
    with running(config) as agent:
        wait_for(agent, "The agent starts.")
        assert b"sysmon_agent.resident" in Path(f"/proc/{agent.pid}/cmdline").read_bytes()


@pytest.mark.fault
def test_a_second_agent_on_the_same_spool_ends(config: Path) -> None:
    """Two agents on one host by mistake: the second ends at once, and names the first."""
    with running(config) as first:
        wait_for(first, "Delivery waits.")
        second = run("run", "--config", config)
    assert second.returncode == 6
    assert f"process {first.pid}, uses the spool folder" in second.stderr


@pytest.mark.fault
def test_a_missing_certificate_does_not_stop_collecting(config: Path, issued: IssuedFiles, tmp_path: Path) -> None:
    """Without a usable certificate the agent says so, and keeps ticks until it has one."""
    issued.certificate.unlink()
    with running(config) as agent:
        assert "cannot be read" in wait_for(agent, "Delivery waits.")
        files = (tmp_path / "spool").glob
        eventually(lambda: [file for file in files("*.spool") if file.stat().st_size], "a tick is on disk")
    spool = open_spool(tmp_path / "spool", ManualClock())
    assert spool.last >= 1
    spool.close()
