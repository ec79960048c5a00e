"""Speaking to Consul: what is refused beforehand, and what is said when it does not answer."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sysmon_agent.errors import ConfigError
from sysmon_appliance.config import ConsulSettings
from sysmon_appliance.consul.client import ConsulClient, operation
from sysmon_appliance.consul.configured import check
from sysmon_appliance.errors import CoordinatorUnreachableError
from tests.support.ha.members import RealMembers

TOKEN = "5ecdc4a1-0000-4000-8000-00000000beef"
LOCAL = ConsulSettings(url="http://127.0.0.1:1", token=TOKEN)


@pytest.fixture
def mute() -> Iterator[ConsulSettings]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield replace(LOCAL, url=f"http://127.0.0.1:{listener.getsockname()[1]}")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (ConsulSettings(url="http://consul.example:8500"), "beyond this machine and without TLS"),
        (ConsulSettings(url="consul.example:8501"), "write an address such as"),
        (ConsulSettings(url="https://user:secret@consul.example"), "write an address such as"),
        (ConsulSettings(url="https://consul.example:port"), "write an address such as"),
        (ConsulSettings(url="https://consul.example/v1"), "write an address such as"),
        (ConsulSettings(url="https://consul.example", certificate="c.pem"), "must be set together"),
        (ConsulSettings(url="https://consul.example", authority="/nowhere/ca.pem"), "there is no file /nowhere/ca.pem"),
        (replace(LOCAL, node="a/b"), "consul.node"),
        (replace(LOCAL, prefix="../x y"), "consul.prefix"),
    ],
)
def test_faults_in_the_settings(settings: ConsulSettings, said: str) -> None:
    """Settings with which Consul cannot be spoken to, or only overheard, are refused before anything is sent."""
    with pytest.raises(ConfigError) as fault:
        check(settings, "eu")
    assert said in str(fault.value.message)
    assert "secret" not in fault.value.message
    assert fault.value.hint


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8500", "http://[::1]:8500/", "https://consul.example"])
def test_good_settings(url: str) -> None:
    """No Consul at all, plain HTTP to this machine, and TLS to any other are fine."""
    check(replace(LOCAL, url=url), "eu")


def test_consul_is_not_there() -> None:
    """Where nothing listens, the error says so, names the address, and does not tell the token."""
    with pytest.raises(CoordinatorUnreachableError) as silence:
        ConsulClient(LOCAL, timeout_seconds=0.2).folder("sysmon/eu/")
    assert "http://127.0.0.1:1" in silence.value.message
    assert TOKEN not in silence.value.message
    assert silence.value.__cause__ is None


def test_consul_says_nothing(mute: ConsulSettings) -> None:
    """Every question ends in bounded time, whatever it asks."""
    client = ConsulClient(mute, timeout_seconds=0.1)
    for ask in (
        lambda: client.folder("sysmon/eu/"),
        lambda: client.folder("sysmon/eu/", index=7, seconds=0.1),
        lambda: client.transact(operation("get", "sysmon/eu/leader")),
        lambda: client.register({}),
        lambda: client.deregister("x"),
        lambda: client.pass_check("x"),
        lambda: client.create_session({}),
        lambda: client.renew_session("x"),
        lambda: client.destroy_session("x"),
        lambda: client.get("/v1/health/service/x", {}),
    ):
        with pytest.raises(CoordinatorUnreachableError):
            ask()


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, mute: ConsulSettings) -> None:
    """Neither a token nor a proxy is taken from the environment."""
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "of somebody else")
    monkeypatch.setenv("HTTP_PROXY", mute.url)
    client = ConsulClient(LOCAL, timeout_seconds=0.2)
    with pytest.raises(CoordinatorUnreachableError):
        client.folder("sysmon/eu/")
    assert client._consul.token == TOKEN
    assert client._consul.http.session.trust_env is False


def test_a_token_that_may_not(real: RealMembers) -> None:
    """A refused token is told apart from silence, with the command that prints what it needs."""
    client = ConsulClient(real.settings("a"), timeout_seconds=5)
    with pytest.raises(CoordinatorUnreachableError, match="refuses the token") as refused:
        client.transact(operation("set", "sysmon/other/leader", b"x"))
    assert refused.value.hint == "sysmon-aggregator consul policy"
    unknown = ConsulClient(replace(real.settings("a"), token=TOKEN), timeout_seconds=5)
    with pytest.raises(CoordinatorUnreachableError, match="refuses the token") as refused:
        unknown.folder(f"sysmon/{real.region}/")
    assert TOKEN not in refused.value.message


def test_certificates_are_checked(real: RealMembers, tmp_path: Path) -> None:
    """A server that another authority has signed is not spoken to, nor does a server speak to whoever shows nothing."""
    settings = real.settings("a")
    stranger = tmp_path / "ca.pem"
    stranger.write_bytes(Path(settings.certificate).read_bytes())
    for wrong in (replace(settings, authority=str(stranger)), replace(settings, certificate="", key="")):
        with pytest.raises(CoordinatorUnreachableError):
            ConsulClient(wrong, timeout_seconds=5).folder(f"sysmon/{real.region}/")
