"""What the settings say of Consul, and what is refused before it is asked anything."""

import re
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from sysmon_agent.errors import ConfigError
from sysmon_appliance.config import ConsulSettings

_SHOW = "sysmon-aggregator config show --effective"
_PORTS = {"http": 8500, "https": 8501}
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where Consul's API answers."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def endpoint_of(settings: ConsulSettings) -> Endpoint:
    """Read where Consul answers, and check that it can be spoken to without being overheard.

    Raises
    ------
    ConfigError
        The address is none, a file is missing, or what is said would travel unencrypted.
    """
    endpoint = _endpoint(settings.url)
    if endpoint.scheme == "http" and not _is_loopback(endpoint.host):
        raise ConfigError(
            f"consul.url: {endpoint.url} is beyond this machine and without TLS; write https.", hint=_SHOW
        )
    if bool(settings.certificate) != bool(settings.key):
        raise ConfigError("consul.certificate and consul.key must be set together.", hint=_SHOW)
    for name in ("authority", "certificate", "key"):
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            raise ConfigError(f"consul.{name}: there is no file {path}.", hint=f"ls -l {path}")
    return endpoint


def check(settings: ConsulSettings, region: str) -> None:
    """Find faults before anything is asked of Consul.

    Raises
    ------
    ConfigError
        Consul is to be spoken to, and cannot be like this.
    """
    if settings.url:
        endpoint_of(settings)
        node_name(settings)
        key_prefix(settings, region)


def node_name(settings: ConsulSettings) -> str:
    """Return this aggregator's name within its region.

    Raises
    ------
    ConfigError
        It cannot be a name in Consul's catalogue.
    """
    name = settings.node or socket.gethostname()
    if not _NAME.fullmatch(name):
        raise ConfigError(f"consul.node: {name!r} has more than letters, digits, dots and dashes.", hint=_SHOW)
    return name


def key_prefix(settings: ConsulSettings, region: str) -> str:
    """Return the folder of a region's keys, with a slash at the end.

    Raises
    ------
    ConfigError
        The prefix, or the region's name, cannot be part of a key.
    """
    prefix = f"{settings.prefix}/{region}"
    if not _PREFIX.fullmatch(prefix):
        raise ConfigError(f"consul.prefix: {prefix!r} is no path of plain names.", hint=_SHOW)
    return f"{prefix}/"


def _endpoint(url: str) -> Endpoint:
    """Take an address apart; what may hold a password is refused, and not shown."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    is_plain = parts.path in {"", "/"} and not (parts.username or parts.query or parts.fragment)
    if parts.scheme not in _PORTS or not parts.hostname or not is_plain:
        raise ConfigError("consul.url: write an address such as https://127.0.0.1:8501.", hint=_SHOW)
    return Endpoint(parts.scheme, parts.hostname, port or _PORTS[parts.scheme])


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
