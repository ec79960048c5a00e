"""Three real Consul servers on loopback, as an operator is told to set them up: TLS both ways, and ACLs that deny.

They are the servers and, at the same time, the agents that aggregators speak to.
"""

import base64
import http.client
import json
import secrets
import shutil
import ssl
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.clusters.certificates import Pair, PrivateAuthority
from tests.support.clusters.servers import Server, free_ports
from tests.support.system import eventually
from tests.support.tools import program

DATACENTER = "dc1"
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")


class ConsulNode(Server):
    """One server; its name in Consul's catalogue is `name`."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        super().__init__([program("consul"), "agent", "-config-dir", str(folder)], folder / "consul.log")
        self.name = name
        self.address = address
        self.folder = folder
        self.data = folder / "data"
        self.rpc_port, self.serf_port, self.https_port = free_ports(address, 3)

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self.https_port}"


class ConsulCluster:
    """Servers that elect their own leader; made by `consul_cluster`."""

    def __init__(self, folder: Path, addresses: Sequence[str] = ADDRESSES) -> None:
        pki = folder / "pki"
        pki.mkdir(parents=True)
        self._authority = PrivateAuthority(pki)
        self.management_token = str(uuid.uuid4())
        self.client = self._authority.issue("client")
        self._context = self._client_context()
        self._tokens: dict[str, str] = {}  # secrets and their rules
        self.nodes = [self._node(f"consul{i}", address, folder) for i, address in enumerate(addresses, start=1)]
        gossip_key = base64.b64encode(secrets.token_bytes(32)).decode()
        for node in self.nodes:
            self._configure(node, gossip_key)

    @property
    def authority(self) -> Path:
        """The authority that signed every certificate of the cluster, PEM."""
        return self._authority.certificate

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        eventually(self.is_ready, "Consul is ready")

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    def is_ready(self) -> bool:
        """Whether there is a leader that answers, and every server that runs is a member."""
        members = self.ask("GET", "/v1/operator/autopilot/health")
        return len(members["Servers"] or ()) == len(self.nodes) and bool(members["Healthy"])

    def leader(self) -> ConsulNode:
        """Find the server that leads the others."""
        rpc = eventually(lambda: self.ask("GET", "/v1/status/leader"), "Consul has a leader")
        return next(node for node in self.nodes if rpc == f"{node.address}:{node.rpc_port}")

    def forget(self) -> None:
        """Lose all data, and begin anew with the tokens that there were, as an operator would."""
        self.kill()
        for node in self.nodes:
            shutil.rmtree(node.data)
        self.start()
        for secret, rules in self._tokens.items():
            self._make_token(secret, rules)

    def token(self, rules: str) -> str:
        """Make a token that may do what the rules say, and nothing else."""
        secret = str(uuid.uuid4())
        self._make_token(secret, rules)
        self._tokens[secret] = rules
        return secret

    def settings(self, node: ConsulNode, token: str) -> dict[str, str]:
        """Return the aggregator's settings below `consul` that belong to a server of the cluster."""
        return {
            "url": node.url,
            "token": token,
            "authority": str(self.authority),
            "certificate": str(self.client.certificate),
            "key": str(self.client.key),
        }

    def ask(self, method: str, path: str, body: Any = None, *, node: ConsulNode | None = None, token: str = "") -> Any:
        """Ask any server that can answer, or a certain one, with all rights or with those of a token.

        Raises
        ------
        OSError, http.client.HTTPException
            None answers, or not well.
        """
        asked = node or next(each for each in self.nodes if each.answers)
        connection = http.client.HTTPSConnection(asked.address, asked.https_port, timeout=10, context=self._context)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"X-Consul-Token": token or self.management_token})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"{method} {path}: {answer.status} {text}")
        return json.loads(text)

    def _make_token(self, secret: str, rules: str) -> None:
        name = f"of-a-test-{uuid.uuid4()}"
        policy = self.ask("PUT", "/v1/acl/policy", {"Name": name, "Rules": rules})
        self.ask("PUT", "/v1/acl/token", {"SecretID": secret, "Policies": [{"ID": policy["ID"]}]})

    def _node(self, name: str, address: str, folder: Path) -> ConsulNode:
        place = folder / name
        place.mkdir()
        return ConsulNode(name, address, place)

    def _configure(self, node: ConsulNode, gossip_key: str) -> None:
        pair = self._authority.issue(node.name, f"server.{DATACENTER}.consul", "localhost", node.address)
        settings = {
            **_server(node, [f"{each.address}:{each.serf_port}" for each in self.nodes]),
            "bootstrap_expect": len(self.nodes),
            "encrypt": gossip_key,
            "tls": _tls(self.authority, pair),
            "acl": _acl(self.management_token),
        }
        (node.folder / "consul.json").write_text(json.dumps(settings), encoding="utf-8")

    def _client_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority)
        context.load_cert_chain(self.client.certificate, self.client.key)
        return context


@contextmanager
def consul_cluster(folder: Path, addresses: Sequence[str] = ADDRESSES) -> Iterator[ConsulCluster]:
    """Run servers from nothing; the test is skipped where Consul is not on this machine."""
    cluster = ConsulCluster(folder, addresses)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()  # what it knows is thrown away


def _server(node: ConsulNode, others: list[str]) -> dict[str, Any]:
    return {
        "server": True,
        "datacenter": DATACENTER,
        "node_name": node.name,
        "data_dir": str(node.data),
        "bind_addr": node.address,
        "client_addr": node.address,
        "retry_join": others,
        "retry_interval": "1s",
        "log_level": "warn",
        "disable_update_check": True,
        "connect": {"enabled": False},
        "performance": {"raft_multiplier": 1},
        # A server that was gone for a while votes again as soon as it is back.
        "autopilot": {"cleanup_dead_servers": False},
        "ports": {
            **dict.fromkeys(("http", "grpc", "grpc_tls", "dns", "serf_wan"), -1),
            "https": node.https_port,
            "serf_lan": node.serf_port,
            "server": node.rpc_port,
        },
    }


def _tls(authority: Path, pair: Pair) -> dict[str, Any]:
    files = {"ca_file": authority, "cert_file": pair.certificate, "key_file": pair.key}
    return {
        "defaults": {
            **{name: str(path) for name, path in files.items()},
            "verify_incoming": True,
            "verify_outgoing": True,
        },
        "internal_rpc": {"verify_server_hostname": True},
    }


def _acl(management_token: str) -> dict[str, Any]:
    return {
        "enabled": True,
        "default_policy": "deny",
        "down_policy": "extend-cache",
        "enable_token_persistence": True,
        "tokens": {"initial_management": management_token, "agent": management_token},
    }
