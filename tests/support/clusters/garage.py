"""Real Garage nodes on loopback: an object store that keeps every object on each of them, with one bucket.

An aggregator speaks to the node on its own address; any node answers for all.
"""

import json
import re
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.clusters.servers import Server, free_ports
from tests.support.system import eventually
from tests.support.tools import program

BUCKET = "sysmon"
REGION = "garage"
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
_KEY_NAME = "aggregators"

_CONFIG = """
metadata_dir = "{folder}/meta"
data_dir = "{folder}/data"
db_engine = "sqlite"
replication_factor = {copies}
consistency_mode = "consistent"
metadata_fsync = true
data_fsync = true
rpc_bind_addr = "{address}:{rpc}"
rpc_public_addr = "{address}:{rpc}"
rpc_secret = "{secret}"
bootstrap_peers = {peers}

[s3_api]
s3_region = "{region}"
api_bind_addr = "{address}:{api}"
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the bucket."""

    access_key_id: str
    secret_access_key: str


class GarageNode(Server):
    """One node, with an S3 endpoint of its own."""

    def __init__(self, address: str, folder: Path) -> None:
        self._config = folder / "garage.toml"
        self._program = program("garage")
        super().__init__([self._program, "-c", self._config, "server"], folder / "garage.log")
        self.address = address
        self.folder = folder
        self.rpc_port, self.api_port = free_ports(address, 2)

    @property
    def endpoint(self) -> str:
        return f"http://{self.address}:{self.api_port}"

    def configure(self, copies: int, secret: str, peers: Sequence[str] = ()) -> None:
        """Write the settings; without peers a node that was killed soon after it met the others finds none of them."""
        self._config.touch(mode=0o600)
        self._config.write_text(
            _CONFIG.format(
                folder=self.folder,
                copies=copies,
                address=self.address,
                rpc=self.rpc_port,
                api=self.api_port,
                region=REGION,
                secret=secret,
                peers=json.dumps(list(peers)),
            )
        )

    def ask(self, *arguments: str) -> str:
        """Run a command of Garage's.

        Raises
        ------
        OSError
            It fails, or does not end.
        """
        command: list[str | Path] = [self._program, "-c", self._config, *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
        except subprocess.CalledProcessError as error:
            raise OSError(f"garage {arguments[0]}: {error.stderr}") from error
        except subprocess.TimeoutExpired as error:
            raise OSError(f"garage {arguments[0]} does not end.") from error


class GarageCluster:
    """Nodes that hold the same; made by `garage_cluster`."""

    def __init__(self, folder: Path, addresses: Sequence[str] = ADDRESSES) -> None:
        self.nodes = [self._node(folder / f"garage{i}", address) for i, address in enumerate(addresses, start=1)]
        self.keys = Keys("", "")
        self._secret = secrets.token_hex(32)
        self._configure()

    def start(self) -> None:
        for node in self.nodes:
            node.start()

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()

    def prepare(self) -> None:
        """Give each node its share of the data, and make a bucket and its keys."""
        self._join()
        first = self.nodes[0]
        eventually(partial(first.ask, "bucket", "create", BUCKET), "Garage makes a bucket")
        self.keys = _keys_in(first.ask("key", "create", _KEY_NAME))
        first.ask("bucket", "allow", "--read", "--write", "--owner", BUCKET, "--key", _KEY_NAME)

    def settings(self, node: GarageNode, prefix: str = "region") -> dict[str, Any]:
        """Return the aggregator's settings below `object_store` that belong to a node of the cluster."""
        return {
            "url": f"s3://{BUCKET}/{prefix}",
            "endpoint": node.endpoint,
            "region": REGION,
            "access_key_id": self.keys.access_key_id,
            "secret_access_key": self.keys.secret_access_key,
        }

    def _configure(self, peers: Sequence[str] = ()) -> None:
        for node in self.nodes:
            node.configure(len(self.nodes), self._secret, peers)

    def _join(self) -> None:
        first = self.nodes[0]
        ids = [eventually(partial(node.ask, "node", "id", "-q"), "Garage runs").strip() for node in self.nodes]
        self._configure(ids)
        for other in ids[1:]:
            eventually(partial(first.ask, "node", "connect", other), "Garage's nodes meet")
        for key in (name.partition("@")[0] for name in ids):
            share = partial(first.ask, "layout", "assign", "-z", key[:8], "-c", "1G", key)
            eventually(share, "each node takes part")
        first.ask("layout", "apply", "--version", "1")

    def _node(self, folder: Path, address: str) -> GarageNode:
        folder.mkdir(parents=True)
        return GarageNode(address, folder)


@contextmanager
def garage_cluster(folder: Path, addresses: Sequence[str] = ADDRESSES) -> Iterator[GarageCluster]:
    """Run nodes with an empty bucket; the test is skipped where Garage is not on this machine."""
    cluster = GarageCluster(folder, addresses)
    try:
        cluster.start()
        cluster.prepare()
        yield cluster
    finally:
        cluster.kill()  # what it holds is thrown away


def _keys_in(answer: str) -> Keys:
    key, secret = (re.search(rf"{label}:\s+(\S+)", answer) for label in ("Key ID", "Secret key"))
    assert key
    assert secret
    return Keys(key[1], secret[1])
