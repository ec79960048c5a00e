import json
from pathlib import Path

import pytest

from sysmon_appliance.cli.aggregator import app
from sysmon_appliance.cli.failures import guarded


def aggregator(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exited, guarded():
        app(arguments)
    return int(exited.value.code or 0)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "aggregator.yaml"
    file.write_text("region: eu\nhead:\n  max_bytes: 64 MiB\n")
    return file


def test_good_settings_pass(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings without faults are said to be good."""
    assert aggregator("config", "check", "--config", str(settings)) == 0
    assert capsys.readouterr().out == "The settings are good.\n"


def test_every_fault_is_printed(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Faults of file and command line are printed together, and the exit code is 2."""
    settings.write_text("regio: eu\n")
    assert aggregator("config", "check", "-c", str(settings), "--set", "head.max_bytes=1") == 2
    err = capsys.readouterr().err
    assert f"{settings}:1: there is no setting `regio`; did you mean `region`?" in err
    assert "option head.max_bytes: `head.max_bytes` is out of range: 1;" in err


def test_an_object_store_beyond_tls_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """What the object store's settings may not be is said before the aggregator starts."""
    words = ("--set", "object_store.url=s3://sysmon/eu", "--set", "object_store.endpoint=http://s3.example")
    assert aggregator("config", "check", *words) == 2
    assert "object_store.endpoint: http://s3.example is beyond this machine and without TLS" in capsys.readouterr().err


def test_rules_of_retention_are_checked(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules that cannot be meant are named with the place where they stand, and with what to write."""
    settings.write_text("retention:\n  rules:\n    - role=db raw=90d\n    - role=web\n")
    assert aggregator("config", "check", "-c", str(settings)) == 2
    err = capsys.readouterr().err
    assert f"{settings}:3: `retention.rules` entry 2, 'role=web', names no time" in err
    assert "write 'role=db raw=90d minute=2y'" in err


def test_an_override_needs_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    """An override without a value is refused with an example."""
    assert aggregator("config", "check", "--set", "region") == 2
    assert "--set region: this is no NAME=VALUE; write console.listen=" in capsys.readouterr().err


def test_show_tells_what_was_set_and_where(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The settings that were set are shown with their sources; --effective shows the defaults too."""
    assert aggregator("config", "show", "-c", str(settings), "--set", "region=us", "-o", "json") == 0
    shown = json.loads(capsys.readouterr().out)["settings"]
    assert shown == [
        {"setting": "region", "value": "us", "source": "option region"},
        {"setting": "head.max_bytes", "value": 64 << 20, "source": f"{settings}:3"},
    ]
    assert aggregator("config", "show", "-c", str(settings), "--effective") == 0
    assert ["segments.seal_after_seconds", "3600", "default"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]


def test_consul_beyond_tls_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    """What Consul's settings may not be is said before the aggregator starts."""
    assert aggregator("config", "check", "--set", "consul.url=http://consul.example:8500") == 2
    assert "consul.url: http://consul.example:8500 is beyond this machine and without TLS" in capsys.readouterr().err


def test_a_policy_is_printed(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The policy for Consul names this region's keys and hosts, and the node of Consul beside the aggregator."""
    assert aggregator("consul", "policy", "--config", str(settings), "--node", "consul-1") == 0
    out = capsys.readouterr().out
    assert 'key_prefix "sysmon/eu/"' in out
    assert 'session "consul-1"' in out
    assert 'node_prefix "sysmon-eu--"' in out


def test_a_policy_without_hosts(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where hosts are entered nowhere, the token may change no node."""
    assert aggregator("consul", "policy", "--config", str(settings), "--set", "consul.register=none") == 0
    assert "node_prefix" not in capsys.readouterr().out
