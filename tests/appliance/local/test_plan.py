import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.config.addresses import Address
from sysmon_agent.config.values import TlsSettings
from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.plan import plan, reachable
from tests.support.clock import ManualClock
from tests.support.system import free_port


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def a_folder(root: Path, ingest: str, agent: str = "") -> LocalFolder:
    root.mkdir()
    (root / "aggregator.yaml").write_text(
        f"ingest: {{listen: '{ingest}', authority: pki/ca.pem}}\nconsole: {{listen: '127.0.0.1:{free_port()}'}}\n"
    )
    (root / "agent.yaml").write_text(agent)
    folder = LocalFolder(root)
    folder.prepare(ManualClock())
    return folder


def test_the_agent_pushes_to_the_aggregator_beside_it(tmp_path: Path) -> None:
    """An agent whose settings name no aggregator is told where the local one listens."""
    listen = f"127.0.0.1:{free_port()}"
    chosen = plan(a_folder(tmp_path / "d", listen), {})
    assert chosen.agent["SYSMON_AGGREGATORS"] == listen
    assert chosen.aggregator["SYSMON_INGEST__LISTEN"] == listen
    assert not chosen.remarks


def test_the_agent_follows_to_another_port(tmp_path: Path, taken: str) -> None:
    """Where the port is taken, an agent whose settings name it is led to the new one, and other aggregators stay."""
    chosen = plan(a_folder(tmp_path / "d", taken, f"aggregators: ['{taken}', 'far.example:7443']"), {})
    assert str(chosen.ingest) != taken
    assert chosen.agent["SYSMON_AGGREGATORS"] == f"{chosen.ingest},far.example:7443"
    assert chosen.remarks == (f"{taken} is in use; using {chosen.ingest}.",)


def test_a_chosen_aggregator_elsewhere_is_kept(tmp_path: Path) -> None:
    """An agent whose settings name another aggregator pushes there and not here, and gets no identity from here."""
    chosen = plan(a_folder(tmp_path / "d", f"127.0.0.1:{free_port()}", "aggregators: ['far.example:7443']"), {})
    assert chosen.agent["SYSMON_AGGREGATORS"] == "far.example:7443"
    assert chosen.identity is None


def test_the_agents_identity_lies_in_the_folder(tmp_path: Path) -> None:
    """Where the settings name no certificate, the agent gets one in the folder, whatever is installed elsewhere."""
    chosen = plan(a_folder(tmp_path / "d", f"127.0.0.1:{free_port()}"), {})
    assert chosen.identity == TlsSettings(
        certificate=str(tmp_path / "d/identity/agent.pem"),
        key=str(tmp_path / "d/identity/agent-key.pem"),
        authority=str(tmp_path / "d/identity/ca.pem"),
    )
    assert chosen.agent["SYSMON_TLS__KEY"] == chosen.identity.key


def test_an_identity_elsewhere_is_left_alone(tmp_path: Path) -> None:
    """An agent whose settings name a certificate outside the folder uses it, and local mode replaces nothing there."""
    named = f"tls: {{certificate: '{tmp_path}/mine.pem', key: '{tmp_path}/mine-key.pem'}}"
    chosen = plan(a_folder(tmp_path / "d", f"127.0.0.1:{free_port()}", named), {})
    assert chosen.identity is None
    assert chosen.agent["SYSMON_TLS__CERTIFICATE"] == f"{tmp_path}/mine.pem"


def test_the_agent_never_writes_what_the_aggregator_trusts(tmp_path: Path) -> None:
    """Where the settings name the aggregator's file of roots for the agent too, the agent gets a copy of its own."""
    named = "tls: {certificate: pki/agents/a.pem, key: pki/agents/a-key.pem, authority: pki/ca.pem}"
    chosen = plan(a_folder(tmp_path / "d", f"127.0.0.1:{free_port()}", named), {})
    assert chosen.identity is not None
    assert chosen.identity.certificate == str(tmp_path / "d/pki/agents/a.pem")
    assert chosen.identity.authority == str(tmp_path / "d/identity/ca.pem")
    assert chosen.authority == tmp_path / "d/pki/ca.pem"


def test_what_listens_everywhere_is_reached_on_loopback() -> None:
    """An aggregator that listens on every address is reached on loopback."""
    assert reachable(Address("0.0.0.0", 1)) == Address("127.0.0.1", 1)  # noqa: S104 - nothing listens there
    assert reachable(Address("::", 1)) == Address("::1", 1)
    assert reachable(Address("192.0.2.1", 1)) == Address("192.0.2.1", 1)
