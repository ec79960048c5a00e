"""Host names and addresses that a server's certificate is for.

Agents check the identity in the URI and no host name. These are for browsers, and for tools that know nothing of us.
"""

import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address

import psutil

from sysmon_agent.config.addresses import parse_address
from sysmon_agent.errors import ConfigError

_HOST_NAME = re.compile(r"(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")

LOOPBACK = ("localhost", "127.0.0.1", "::1")

_MOST = 64
"""Names in one certificate; a machine full of containers has an address for each, and every handshake carries them."""


def server_names(configured: Iterable[str], listen: str) -> tuple[str, ...]:
    """Return the configured names, else this machine's own, and in each case those of loopback.

    A listener on loopback needs no others, and the resolver, which may be slow, is not asked.

    Raises
    ------
    ConfigError
        A configured name is neither a host name nor an address.
    """
    chosen = [_canonical(name) for name in configured]
    if not chosen and parse_address(listen).host not in LOOPBACK:
        chosen = list(_own())[:_MOST]
    return tuple(dict.fromkeys([*chosen, *LOOPBACK]))


def _own() -> Iterator[str]:
    for name in dict.fromkeys([socket.gethostname(), socket.getfqdn()]):
        with suppress(ConfigError):  # some machines are called what no certificate may say
            yield _canonical(name)
    for addresses in psutil.net_if_addrs().values():
        for entry in addresses:
            if entry.family in {socket.AF_INET, socket.AF_INET6} and _is_reachable(entry.address):
                yield str(ip_address(entry.address))


def _is_reachable(address: str) -> bool:
    parsed = ip_address(address.partition("%")[0])
    return not (parsed.is_link_local or parsed.is_loopback)


def _canonical(name: str) -> str:
    with suppress(ValueError):
        return str(ip_address(name))
    with suppress(UnicodeError):
        spelled = name.encode("idna").decode().lower()
        if _HOST_NAME.fullmatch(spelled):
            return spelled
    raise ConfigError(
        f"pki.names: {name!r} is neither a host name nor an address.",
        hint="sysmon-aggregator config show --effective",
    )
