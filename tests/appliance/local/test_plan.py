import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sysmon_agent.config.addresses import Address
from sysmon_appliance.local.folder import LocalFolder
from sysmon_appliance.local.system import plan, reachable
from tests.support.clock import ManualClock
from tests.support.system import free_port


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def a_folder(root: Path, ingest: str, agent: str = "") -> LocalFolder:
    root.mkdir()
    (root / "aggregator.yaml").write_text(
        f"ingest: {{listen: '{ingest}'}}\nconsole: {{listen: '127.0.0.1:{free_port()}'}}\n"
    )
    (root / "agent.yaml").write_text(agent)
    folder = LocalFolder(root)
    folder.prepare(ManualClock(), lambda: "ab" * 16)
    return folder


def test_the_agent_pushes_to_the_aggregator_beside_it(tmp_path: Path) -> None:
    """An agent whose settings name no aggregator is told where the local one listens."""
    listen = f"127.0.0.1:{free_port()}"
    chosen = plan(a_folder(tmp_path / "d", listen), {})
    assert chosen.agent == {"SYSMON_AGGREGATORS": listen}
    assert chosen.aggregator["SYSMON_INGEST__LISTEN"] == listen
    assert not chosen.remarks


def test_the_agent_follows_to_another_port(tmp_path: Path, taken: str) -> None:
    """Where the port is taken, an agent whose settings name it is led to the new one, and other aggregators stay."""
    chosen = plan(a_folder(tmp_path / "d", taken, f"aggregators: ['{taken}', 'far.example:7443']"), {})
    assert str(chosen.ingest) != taken
    assert chosen.agent == {"SYSMON_AGGREGATORS": f"{chosen.ingest},far.example:7443"}
    assert chosen.remarks == (f"{taken} is in use; using {chosen.ingest}.",)


def test_a_chosen_aggregator_elsewhere_is_kept(tmp_path: Path) -> None:
    """An agent whose settings name another aggregator pushes there and not here."""
    chosen = plan(a_folder(tmp_path / "d", f"127.0.0.1:{free_port()}", "aggregators: ['far.example:7443']"), {})
    assert chosen.agent == {"SYSMON_AGGREGATORS": "far.example:7443"}


def test_what_listens_everywhere_is_reached_on_loopback() -> None:
    """An aggregator that listens on every address is reached on loopback."""
    assert reachable(Address("0.0.0.0", 1)) == Address("127.0.0.1", 1)  # noqa: S104 - nothing listens there
    assert reachable(Address("::", 1)) == Address("::1", 1)
    assert reachable(Address("192.0.2.1", 1)) == Address("192.0.2.1", 1)
