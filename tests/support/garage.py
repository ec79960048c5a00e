"""A real object store on this machine: Garage, one node, one bucket, everything in a folder of the test."""

import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

BUCKET = "sysmon"

_CONFIG = """
metadata_dir = "{folder}/meta"
data_dir = "{folder}/data"
db_engine = "sqlite"
replication_factor = 1
consistency_mode = "consistent"
metadata_fsync = true
data_fsync = true
rpc_bind_addr = "127.0.0.1:{rpc}"
rpc_public_addr = "127.0.0.1:{rpc}"
rpc_secret = "{secret}"

[s3_api]
s3_region = "garage"
api_bind_addr = "127.0.0.1:{api}"
"""


@dataclass(frozen=True, slots=True)
class Garage:
    """How to reach it."""

    endpoint: str
    access_key_id: str
    secret_access_key: str


@contextmanager
def running_garage(folder: Path) -> Iterator[Garage]:
    """Run Garage with an empty bucket; the test is skipped where the program is not on PATH."""
    program = shutil.which("garage")
    if program is None:
        pytest.skip("Garage, an object store, is not on PATH.")
    rpc, api = _free_ports(2)
    config = folder / "garage.toml"
    config.write_text(_CONFIG.format(folder=folder, rpc=rpc, api=api, secret=secrets.token_hex(32)))
    config.chmod(0o600)
    command = (program, "-c", str(config))
    with (folder / "garage.log").open("wb") as log:
        server = subprocess.Popen([*command, "server"], stdout=log, stderr=log)
    try:
        yield _prepared(command, api)
    finally:
        server.kill()  # what it holds is thrown away
        server.wait(30)


def _prepared(command: tuple[str, ...], api: int) -> Garage:
    """Give the node its share of the data, and make a bucket and a key for it."""
    node = _asked(command, "node", "id", "-q", patience=20).split("@")[0].strip()
    _asked(command, "layout", "assign", "-z", "here", "-c", "1G", node, patience=20)
    _asked(command, "layout", "apply", "--version", "1")
    _asked(command, "bucket", "create", BUCKET, patience=20)
    made = _asked(command, "key", "create", "segments")
    _asked(command, "bucket", "allow", "--read", "--write", BUCKET, "--key", "segments")
    key, secret = (re.search(rf"{label}:\s+(\S+)", made) for label in ("Key ID", "Secret key"))
    assert key
    assert secret
    return Garage(f"http://127.0.0.1:{api}", key[1], secret[1])


def _asked(command: tuple[str, ...], *arguments: str, patience: int = 1) -> str:
    """Run a command of Garage's; again while the server is not ready."""
    for _ in range(patience):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
        time.sleep(0.3)
    raise AssertionError(done.stderr)


def _free_ports(count: int) -> list[int]:
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in (first, second)][:count]
