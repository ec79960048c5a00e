"""Which account of this machine is at the other end of a Unix socket."""

import pwd
import socket
import struct
from typing import Protocol

_CREDENTIALS = struct.Struct("3i")
"""What Linux tells of a process at the other end: its number, its user and its group."""


class OpenSocket(Protocol):
    """The part of a socket that is asked."""

    def getsockopt(self, level: int, name: int, length: int, /) -> bytes: ...


def account_of(connection: OpenSocket) -> str:
    """Name the account, or give its number where it has no name; "operator" where the system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:  # macOS; whoever may open the socket is its owner, or root
        return "operator"
    _, user, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
