"""Consul's agent on this host: it is asked where aggregators are, and told that this host is monitored.

https://developer.hashicorp.com/consul/api-docs/health and /agent/service. None of this stays in memory: the resident
program runs `sysmon-agent discover` where it needs it.
"""

import http.client
import json
import re
import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sysmon_agent.config.addresses import Address, destination
from sysmon_agent.config.values import ConsulSettings
from sysmon_agent.errors import ConsulError

AGGREGATORS, OWN_SERVICE = "sysmon-aggregator", "sysmon-agent"
LEADER = "leader"

LIFE_SECONDS = 900
"""After this time without a word Consul takes this agent for gone; the resident agent says one three times in it."""

TIMEOUT_SECONDS = 10.0
_MAX_BYTES, _SHOWN_BYTES = 1 << 20, 300
_META_KEY, _META_VALUE_CHARACTERS = re.compile(r"(?!consul-)[A-Za-z0-9_-]{1,128}"), 512
_PORTS = {"http": 8500, "https": 8501}


class Consul:
    """The few requests that are needed; each raises ConsulError where it is not answered as it should be."""

    def __init__(self, settings: ConsulSettings) -> None:
        self._settings = settings
        self._where = urlsplit(settings.url)
        if self._where.scheme not in _PORTS or not self._where.hostname:
            raise ConsulError(f"{settings.url!r} is no URL of Consul.", hint="sysmon-agent config show --effective")

    def aggregators(self, region: str) -> tuple[str, ...]:
        """Ask for the addresses of a region's healthy aggregators, the one that leads first."""
        found = self._ask("GET", f"/v1/health/service/{AGGREGATORS}?passing=1")
        if not isinstance(found, list):
            raise self._nonsense()
        entries = [entry["Service"] | {"Node": entry["Node"]} for entry in found if _is_of(region, entry)]
        entries.sort(key=lambda entry: LEADER not in (entry.get("Tags") or ()))
        return tuple(dict.fromkeys(filter(None, map(_address_of, entries))))

    def register(self, *, labels: Mapping[str, str], tags: Iterable[str]) -> None:
        """Enter this host's agent as a service, and say that it is well."""
        check = {"CheckID": OWN_SERVICE, "Name": "The agent runs", "TTL": f"{LIFE_SECONDS}s"}
        service = {
            "ID": OWN_SERVICE,
            "Name": OWN_SERVICE,
            "Tags": list(tags),
            "Meta": {key: value for key, value in labels.items() if _fits(key, value)},
            "Check": check,
        }
        self._ask("PUT", "/v1/agent/service/register", service)
        self._ask("PUT", f"/v1/agent/check/pass/{OWN_SERVICE}")

    def _ask(self, method: str, path: str, document: Any = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        headers = {"X-Consul-Token": self._settings.token} if self._settings.token else {}
        try:
            connection = self._connection()
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                content = answer.read(_MAX_BYTES)
            finally:
                connection.close()
            if answer.status != http.client.OK:
                asked = f"{method} {path.partition('?')[0]}"
                raise self._error(f"answers {answer.status} to {asked} ({_shown(content)})")
            return json.loads(content) if content.strip() else None
        except (OSError, http.client.HTTPException) as error:
            raise self._error(f"cannot be asked ({error})") from error
        except ValueError:
            raise self._nonsense() from None

    def _connection(self) -> http.client.HTTPConnection:
        host, port = str(self._where.hostname), self._where.port or _PORTS[self._where.scheme]
        if self._where.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        context = ssl.create_default_context(cafile=self._settings.authority or None)
        if self._settings.certificate:
            context.load_cert_chain(self._settings.certificate, self._settings.key or None)
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)

    def _nonsense(self) -> ConsulError:
        return self._error("gives an answer that makes no sense")

    def _error(self, problem: str) -> ConsulError:
        return ConsulError(f"Consul at {self._settings.url} {problem}.", hint="consul members")


def _shown(content: bytes) -> str:
    """Make Consul's reason fit for a line of a log."""
    text = content[:_SHOWN_BYTES].decode(errors="replace")
    return "".join(letter if letter.isprintable() else " " for letter in text).strip() or "without a reason"


def _is_of(region: str, entry: Any) -> bool:
    match entry:
        case {"Service": {"Meta": {"region": str(theirs)}}, "Node": dict()}:
            return theirs == region
    return False


def _fits(key: str, value: str) -> bool:
    """Whether Consul takes it as metadata of a service; it would refuse the service for one that it does not."""
    return _META_KEY.fullmatch(key) is not None and len(value) <= _META_VALUE_CHARACTERS


def _address_of(entry: Mapping[str, Any]) -> str:
    """Return where a service listens; one without an address of its own listens at its node's."""
    host, port = entry.get("Address") or entry["Node"].get("Address"), entry.get("Port")
    return destination(str(Address(str(host), port))) if isinstance(port, int) else ""
