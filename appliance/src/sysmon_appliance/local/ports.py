"""Finds ports that nobody listens on."""

import errno

from sysmon_agent.config.addresses import Address, parse_address
from sysmon_agent.errors import ConfigError
from sysmon_appliance.web.listeners import bound

_ATTEMPTS = 20
_RESERVED = frozenset({7443, 7480, 7481})  # parts of SysMonitor expect each other there


def free_address(wanted: str, setting: str) -> Address:
    """Return the address itself, or the same host with the next free port.

    Another program may still take the port before it is used; the aggregator then says so.

    Raises
    ------
    ConfigError
        The host is no address of this machine, or the port is not for this user.
    """
    address = parse_address(wanted)
    following = range(address.port + 1, min(address.port + _ATTEMPTS, 65_536))
    for port in (address.port, *(port for port in following if port not in _RESERVED)):
        candidate = Address(address.host, port)
        if _is_free(candidate, setting):
            return candidate
    return Address(address.host, _any_port(address.host))


def _is_free(address: Address, setting: str) -> bool:
    try:
        with bound(address):
            return True
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise ConfigError(
            f"{setting}: cannot listen at {address}: {error.strerror or error}.",
            hint="sysmon-aggregator config show --effective",
        ) from error


def _any_port(host: str) -> int:
    with bound(Address(host, 0)) as probe:
        return int(probe.getsockname()[1])
