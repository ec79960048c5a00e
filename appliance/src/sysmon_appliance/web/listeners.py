"""Sockets that servers listen at, bound before anything else begins, so that what is wrong is said at once."""

import contextlib
import errno
import ipaddress
import os
import socket
from dataclasses import replace
from pathlib import Path

from sysmon_agent.config.addresses import Address, parse_address
from sysmon_agent.errors import ConfigError

BACKLOG = 4096

EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not listened on
"""Hosts that stand for every address of this machine."""


def tcp_listener(address: str, setting: str) -> socket.socket:
    """Listen at HOST:PORT; port 0 means any free one.

    Raises
    ------
    ConfigError
        The address is in use, or no address of this machine; the message names the setting.
    """
    wanted = parse_address(address)
    try:
        listener = bound(wanted)
        listener.listen(BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"{setting}: cannot listen at {wanted}: {_reason(error)}.", hint=_hint(error, wanted)
        ) from error
    return listener


def bound(address: Address) -> socket.socket:
    """Bind a socket to the first address that the host's name stands for."""
    family, kind, protocol, _, target = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound_socket = socket.socket(family, kind, protocol)
    try:
        bound_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound_socket.bind(target)
    except OSError:
        bound_socket.close()
        raise
    return bound_socket


def address_of(listener: socket.socket) -> Address:
    host, port = listener.getsockname()[:2]
    return Address(host, port)


def advertised(listener: socket.socket) -> Address:
    """Return where others find a listener: its address, or this machine's full name where it listens at every one."""
    address = address_of(listener)
    return replace(address, host=socket.getfqdn()) if address.host in EVERYWHERE else address


def is_loopback(name: str) -> bool:
    """Whether a host name or address is reached from this machine alone."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def unix_listener(path: Path) -> socket.socket:
    """Listen at a path of mode 0600; what a crash left there is replaced.

    Raises
    ------
    ConfigError
        Another aggregator listens there, or the folder cannot be used.
    """
    if _answers(path):
        raise ConfigError(f"console.socket: another aggregator listens at {path}.", hint=f"ss -lxp src {path}")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        _bind_privately(listener, path)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"console.socket: cannot listen at {path}: {_reason(error)}.", hint=f"ls -ld {path.parent}"
        ) from error
    return listener


def _bind_privately(listener: socket.socket, path: Path) -> None:
    """Bind so that at no moment others may connect; no other thread runs yet that the mask could surprise."""
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        return True
    return False


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _hint(error: OSError, address: Address) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"ss -ltnp 'sport = :{address.port}'"
    return "sysmon-aggregator config show --effective"
