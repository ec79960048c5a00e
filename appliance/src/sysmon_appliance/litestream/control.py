"""Speaking to a running `litestream replicate` over its Unix socket."""

import http.client
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SPARE_SECONDS = 2.0
"""It answers in time by itself; this is for the case that it does not."""


@dataclass(frozen=True, slots=True)
class Synced:
    """How far it has come."""

    txid: int  # of the database
    replicated_txid: int


class ControlError(Exception):
    """It did not do what it was asked for, or cannot be asked."""


def request_sync(socket_path: Path, database: Path, *, seconds: int) -> Synced:
    """Ask for everything that is committed to be put into the replica; return when that is done.

    Raises
    ------
    ControlError
        It does not answer, not in time, or that it failed.
    """
    body = json.dumps({"path": str(database), "wait": True, "timeout": seconds})
    connection = _UnixConnection(socket_path, seconds + _SPARE_SECONDS)
    try:
        connection.request("POST", "/sync", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ControlError(f"it does not answer ({type(error).__name__})") from error
    finally:
        connection.close()
    return _synced(response.status, answer)


def _synced(status: int, answer: Any) -> Synced:
    if status != http.HTTPStatus.OK:
        raise ControlError(str(answer.get("error") or f"status {status}") if isinstance(answer, dict) else "no reason")
    try:
        return Synced(int(answer["txid"]), int(answer["replicated_txid"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ControlError("its answer cannot be understood") from error


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
