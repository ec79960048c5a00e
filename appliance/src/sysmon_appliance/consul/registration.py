"""Monitored hosts as external nodes of Consul's catalogue, each with the service `sysmon-agent`.

No Consul agent runs on them. A node's metadata has the host's labels, so `consul catalog nodes -node-meta role=db`
finds databases; its check says whether batches arrive. Names begin with the region's prefix, beyond which an
aggregator's token may change nothing.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from sysmon_agent.wire.messages import Attributes
from sysmon_appliance.consul.client import Operation, Result
from sysmon_appliance.consul.names import AGENT_SERVICE, node_prefix
from sysmon_appliance.domain.registry import Entry, Health

_log = logging.getLogger(__name__)

_EXTERNAL = {"external-node": "true", "external-probe": "false"}
_REGION, _HOST, _NAME = "sysmon-region", "sysmon-host", "sysmon-name"
_OWN = (*_EXTERNAL, _REGION, _HOST, _NAME)
_RESERVED = ("consul-", "external-", "sysmon-")

# What Consul takes.
_MAX_PAIRS = 64
_MAX_KEY = 128
_MAX_VALUE_BYTES = 512
_MAX_NAME = 63  # of a part of a domain name, so that Consul's DNS finds the node

_TOGETHER = 10
"""Entries in a transaction: with the longest labels it stays below Consul's half megabyte."""

_NO_KEY = re.compile(r"[^A-Za-z0-9_-]")
_NO_NAME = re.compile(r"[^a-z0-9]+")


class Catalogue(Protocol):
    """What is asked of Consul here; see ConsulClient."""

    def get(self, path: str, params: Mapping[str, str]) -> Any: ...

    def transact(self, *operations: Operation) -> Sequence[Result] | None: ...


class ConsulRegistry:
    """See domain.registry.Registry; an entry's key is the name of its node."""

    def __init__(self, client: Catalogue, *, region: str) -> None:
        self._client = client
        self._region = region

    def fitted(self, entry: Entry) -> Entry:
        return Entry(
            entry.host_id,
            _shortened(entry.name),
            _shortened(entry.address.strip() or entry.host_id),
            _metadata(entry.labels),
            entry.health,
            entry.output,
            self._node_name(entry),
        )

    def entries(self) -> Mapping[str, Entry]:
        documents = self._client.get(f"/v1/health/service/{AGENT_SERVICE}", {"node-meta": f"{_REGION}:{self._region}"})
        found = [_entry(document) for document in documents or ()]
        # What does not carry our prefix is somebody else's, whatever it says of itself.
        return {entry.key: entry for entry in found if entry.key.startswith(node_prefix(self._region))}

    def write(self, entered: Sequence[Entry], removed: Sequence[str]) -> None:
        for start in range(0, len(removed), _TOGETHER):
            self._client.transact(*(_deletion(key) for key in removed[start : start + _TOGETHER]))
        for start in range(0, len(entered), _TOGETHER):
            self._enter(entered[start : start + _TOGETHER])

    def _enter(self, entries: Sequence[Entry]) -> None:
        """Enter some in one transaction; where that is refused, each alone, so that one bad entry stops no other."""
        operations = [operation for entry in entries for operation in self._operations(entry)]
        if self._client.transact(*operations) is not None:
            return
        if len(entries) == 1:
            _log.warning("Consul's catalogue refuses a host.", extra={"host": entries[0].host_id})
            return
        for entry in entries:
            self._enter([entry])

    def _operations(self, entry: Entry) -> Iterator[Operation]:
        meta = {**_EXTERNAL, _REGION: self._region, _HOST: entry.host_id, _NAME: entry.name, **dict(entry.labels)}
        node = {"Node": entry.key, "Address": entry.address, "Meta": meta}
        yield {"Node": {"Verb": "set", "Node": node}}
        service = {"ID": AGENT_SERVICE, "Service": AGENT_SERVICE, "Meta": {_REGION: self._region}}
        yield {"Service": {"Verb": "set", "Node": entry.key, "Service": service}}
        yield {"Check": {"Verb": "set", "Check": _check(entry)}}

    def _node_name(self, entry: Entry) -> str:
        """Name a node so that people know it, and that no other host is called so."""
        ending = f"-{entry.host_id[:8]}"
        begin = node_prefix(self._region)
        name = _NO_NAME.sub("-", entry.name.lower()).strip("-")
        return f"{begin}{name[: max(0, _MAX_NAME - len(begin) - len(ending))].rstrip('-')}{ending}"


def _check(entry: Entry) -> Mapping[str, str]:
    return {
        "Node": entry.key,
        "CheckID": AGENT_SERVICE,
        "Name": "Batches arrive",
        "Status": entry.health.value,
        "Output": entry.output,
        "ServiceID": AGENT_SERVICE,
        "ServiceName": AGENT_SERVICE,
    }


def _deletion(key: str) -> Operation:
    return {"Node": {"Verb": "delete", "Node": {"Node": key}}}


def _entry(document: Mapping[str, Any]) -> Entry:
    """Read an entry; what was changed by others reads as something that differs from what we would write."""
    node, meta = document["Node"], document["Node"]["Meta"]
    check: Mapping[str, str] = next((check for check in document["Checks"] if check["CheckID"] == AGENT_SERVICE), {})
    return Entry(
        meta.get(_HOST, ""),
        meta.get(_NAME, ""),
        node["Address"],
        tuple(sorted((name, value) for name, value in meta.items() if name not in _OWN)),
        Health.PASSING if check.get("Status") == Health.PASSING else Health.CRITICAL,
        check.get("Output", ""),
        node["Node"],
    )


def _metadata(labels: Attributes) -> Attributes:
    """Let labels be metadata as Consul takes it: few, short, of plain letters, and none that means something else."""
    fitting: dict[str, str] = {}
    for name, value in labels:
        key = _NO_KEY.sub("_", name)
        key = f"label-{key}" if key.startswith(_RESERVED) else key
        if key and len(fitting) < _MAX_PAIRS - len(_OWN):
            fitting.setdefault(key[:_MAX_KEY], _shortened(value))
    return tuple(sorted(fitting.items()))


def _shortened(text: str) -> str:
    return text.encode()[:_MAX_VALUE_BYTES].decode(errors="ignore")
