"""Three real aggregators on loopback, each with a Consul server, a Garage node and an intermediate of its own.

A machine is all that has one address: when a whole machine is lost, all three are.
"""

import http.client
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.peer import AGENT, Peer
from sysmon_appliance.bootstrap.replicas import replicas_of
from sysmon_appliance.config import AggregatorSettings, ConsulSettings, ObjectStoreSettings, ReplicaSettings
from sysmon_appliance.consul.policy import policy
from sysmon_appliance.pki.certificates import Material, certify, pem_of
from sysmon_appliance.pki.files import save_pair
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.issuer_files import IssuerFiles
from sysmon_appliance.pki.keys import new_key
from sysmon_appliance.pki.profiles import AGENT_PROFILE, INTERMEDIATE_PROFILE
from sysmon_appliance.pki.requests import requested_intermediate
from sysmon_appliance.pki.root_folder import RootFolder
from sysmon_appliance.pki.times import moment
from sysmon_appliance.services.live_folders import SINGLE_NAME
from tests.support.authority import IssuedFiles
from tests.support.clusters.consul import ConsulCluster, ConsulNode, consul_cluster
from tests.support.clusters.garage import GarageCluster, GarageNode, garage_cluster
from tests.support.clusters.servers import Server, free_ports
from tests.support.system import UnixConnection, eventually
from tests.support.tools import program

REGION = "chaos"
_CLOCK = SystemClock()
_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Machine:
    """What an aggregator has beside it on its address."""

    address: str
    consul: ConsulNode
    garage: GarageNode


class AggregatorNode(Server):
    """One aggregator of the region."""

    def __init__(self, name: str, machine: Machine, folder: Path) -> None:
        settings = folder / "aggregator.yaml"
        command = (sys.executable, "-m", "sysmon_appliance.cli.aggregator", "run", "--config", settings)
        super().__init__(command, folder / "aggregator.log")
        self.name = name
        self.machine = machine
        self.folder = folder
        self.data = folder / "data"
        self.pki = folder / "pki"
        self.ingest_port, self.console_port = free_ports(machine.address, 2)
        self._settings = settings

    @property
    def ingest(self) -> str:
        return f"{self.machine.address}:{self.ingest_port}"

    def configure(self, **settings: Any) -> None:
        """Write its settings; those that every aggregator of this kind has are added."""
        own = {
            "region": REGION,
            "data": str(self.data),
            "ingest": {
                "listen": self.ingest,
                "certificate": str(self.pki / "aggregator.pem"),
                "key": str(self.pki / "aggregator-key.pem"),
                "authority": str(self.pki / "ca.pem"),
            },
            "console": {
                "listen": f"{self.machine.address}:{self.console_port}",
                "socket": str(self.folder / "s.sock"),
            },
            "replica": {"litestream": str(program("litestream"))},
        }
        self._settings.write_text(yaml.safe_dump(own | settings), encoding="utf-8")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask it over its Unix socket.

        Raises
        ------
        OSError, http.client.HTTPException
            It does not answer, or not well.
        """
        connection = UnixConnection(self.folder / "s.sock")
        connection.timeout = 3
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"content-type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise http.client.HTTPException(f"{method} {path}: {answer.status} {text!r}")
        return json.loads(text) if text else None

    def state(self) -> dict[str, Any]:
        """Return what it knows of its region; nothing where it does not answer."""
        if not self.answers:
            return {}
        with suppress(OSError, http.client.HTTPException):
            found: dict[str, Any] = self.ask("GET", "/api/v1/ha")
            return found
        return {}

    def children(self) -> list[int]:
        """List the programs that it runs, such as its Litestream."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text(encoding="ascii").split()]

    def freeze_children(self) -> list[int]:
        """Let its programs stand still, and return which; `thaw_all` lets them go on."""
        children = self.children()
        signal_all(children, signal.SIGSTOP)
        return children

    def live_database(self) -> Path:
        """Find the database that it leads with.

        Raises
        ------
        FileNotFoundError
            It leads with none.
        """
        found = sorted(self.data.glob(f"epoch-*/{SINGLE_NAME}"))
        if not found:
            raise FileNotFoundError(f"{self.name} leads with no database.")
        return found[-1]


class Aggregators:
    """A region of three; made by `highly_available`."""

    def __init__(self, folder: Path, consul: ConsulCluster, garage: GarageCluster) -> None:
        self.consul = consul
        self.garage = garage
        self._root = RootFolder(folder / "root")
        self._folder = folder
        self._root.make("test", moment(_CLOCK))
        machines = zip(consul.nodes, garage.nodes, strict=True)
        self.nodes = [
            self._node(f"agg{i}", Machine(server.address, server, store), folder)
            for i, (server, store) in enumerate(machines, start=1)
        ]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(node.ingest for node in self.nodes)

    def configure(self, **settings: Any) -> None:
        """Write the settings of all; `settings` are those of this region."""
        for node in self.nodes:
            consul = node.machine.consul
            rules = policy(f"sysmon/{REGION}/", REGION, consul_node=consul.name, registers_hosts=True)
            node.configure(
                consul={
                    **self.consul.settings(consul, self.consul.token(rules)),
                    "node": node.name,
                    "address": node.ingest,
                },
                object_store=self.garage.settings(node.machine.garage),
                **settings,
            )

    def start(self) -> None:
        for node in self.nodes:
            node.start()

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    def leader(self) -> AggregatorNode | None:
        """Return whoever leads, as it says itself; of several the one of the highest epoch."""
        states = [(node.state(), node) for node in self.nodes]
        leading = [(state["epoch"], node) for state, node in states if state.get("role") == "leader"]
        return max(leading, key=lambda found: found[0])[1] if leading else None

    def is_well(self) -> bool:
        """Whether somebody leads, and what is acknowledged was read back by a standby."""
        leader = self.leader()
        return leader is not None and leader.state().get("assurance") == "read_back"

    def settle(self) -> AggregatorNode:
        """Wait until all is well, and return who leads."""
        eventually(self.is_well, "an aggregator leads and another reads back", _START_SECONDS)
        return eventually(self.leader, "an aggregator leads")

    def restore(self, target: Path) -> None:
        """Restore the database that the next leader would begin with into a file that is not there yet."""
        leader = eventually(self.leader, "an aggregator leads")
        lineage = leader.state()["lineage"]
        settings = AggregatorSettings(
            consul=ConsulSettings(url=leader.machine.consul.url),
            object_store=ObjectStoreSettings(**self.garage.settings(leader.machine.garage)),
            replica=ReplicaSettings(litestream=str(program("litestream"))),
        )
        replicas = replicas_of(settings, _CLOCK)
        assert replicas is not None
        replicas.store.restore(lineage["path"], target, txid=lineage["txid"])

    def agent(self, host_id: str) -> IssuedFiles:
        """Issue the certificate of an agent; any of the intermediates will do."""
        node = self.nodes[int(host_id, 16) % len(self.nodes)]
        issuer = IssuingAuthority.open(IssuerFiles(node.pki), _CLOCK)
        assert issuer is not None
        key, above = new_key(), issuer.material
        peer = Peer(REGION, AGENT, host_id)
        leaf = certify(above, key.public_key(), peer, profile=AGENT_PROFILE, now=moment(_CLOCK))
        folder = self._folder / "agents"
        folder.mkdir(exist_ok=True)
        issued = IssuedFiles(folder / f"{host_id}.pem", folder / f"{host_id}-key.pem", node.pki / "ca.pem")
        save_pair(Material(leaf, key, (above.certificate,)), issued.certificate, issued.key, None)
        return issued

    def _node(self, name: str, machine: Machine, folder: Path) -> AggregatorNode:
        node = AggregatorNode(name, machine, folder / name)
        node.folder.mkdir()
        files = IssuerFiles(node.pki)
        key, peer = requested_intermediate(files.request(REGION, name))
        signed = pem_of([self._root.sign(key, peer, profile=INTERMEDIATE_PROFILE, now=moment(_CLOCK))])
        files.install(signed, self._root.authority.read_bytes(), region=REGION, now=moment(_CLOCK))
        return node


@contextmanager
def three_machines(folder: Path, **settings: Any) -> Iterator[Aggregators]:
    """Run Consul and an object store with nothing in them; the three aggregators are ready to be started.

    The test is skipped where a program is missing.
    """
    with consul_cluster(folder / "consul") as consul, garage_cluster(folder / "garage") as garage:
        region = Aggregators(folder, consul, garage)
        region.configure(**settings)
        try:
            yield region
        finally:
            region.kill()


@contextmanager
def highly_available(
    folder: Path, *, prepare: Callable[[Aggregators], None] | None = None, **settings: Any
) -> Iterator[Aggregators]:
    """Run three aggregators from nothing until one leads; the test is skipped where a program is missing.

    `prepare` is called before they start.
    """
    with three_machines(folder, **settings) as region:
        if prepare is not None:
            prepare(region)
        region.start()
        region.settle()
        yield region


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes; those that have ended are passed over."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
