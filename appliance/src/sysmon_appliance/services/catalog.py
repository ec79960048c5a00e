"""Hosts, schemas and streams in memory: one look-up table for ingest and for readers.

Everything here belongs to the event loop, except that readers in other threads may look hosts up: entries are
replaced, never changed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sysmon_agent.wire.messages import Attributes, Hello, Schema
from sysmon_appliance.domain.hosts import Host
from sysmon_appliance.domain.ledger import LedgerEntry
from sysmon_appliance.domain.schemas import KnownSchema
from sysmon_appliance.domain.state import State
from sysmon_appliance.domain.streams import Stream

SIMULATED_FACT = "sysmon.simulated"
CLOCK_FACT = "sysmon.clock.offset"
IMPORTED_FACT = "sysmon.imported"


class Catalog:
    """The host directory and the ledger of this aggregator.

    `vouched` returns the labels that an operator gave to a host when it was let in; they win over its own.
    """

    def __init__(self, state: State, *, vouched: Callable[[str], Attributes] = lambda _: ()) -> None:
        self._vouched = vouched
        self.reload(state)

    def reload(self, state: State) -> None:
        """Know what a state tells, and nothing else."""
        self._hosts = {host.host_id: host for host in state.hosts}
        self._host_ids = {host.key: host.host_id for host in state.hosts}
        self._host_keys = {host.host_id: host.key for host in state.hosts}
        self._schemas = {schema.hash: schema for schema in state.schemas}
        self._streams = {(stream.host, stream.stream_id): stream for stream in state.streams}
        self._next_host = 1 + max((host.key for host in state.hosts), default=0)
        self._next_schema = 1 + max((schema.key for schema in state.schemas), default=0)
        self._next_stream = 1 + max((stream.key for stream in state.streams), default=0)

    def all(self) -> Iterable[Host]:
        return list(self._hosts.values())

    def find(self, host_id: str) -> Host | None:
        return self._hosts.get(host_id)

    def by_key(self, key: int) -> Host:
        return self._hosts[self._host_ids[key]]

    def entries(self) -> Sequence[LedgerEntry]:
        return [
            LedgerEntry(stream.host, stream.stream_id.hex(), stream.last, stream.stored, dict(stream.missing))
            for stream in self._streams.values()
            if stream.last
        ]

    def describe(self, host_id: str, hello: Hello, *, now_ms: int, clock_offset_ms: int) -> Host:
        """Return the host as `hello` describes it; it is not in the directory before `put`.

        A host keeps its key whether or not saving it succeeds.
        """
        facts = dict(hello.facts)
        if clock_offset_ms:
            facts[CLOCK_FACT] = f"{clock_offset_ms / 1000:+.0f} s"
        host = Host(
            key=self._host_key(host_id),
            host_id=host_id,
            name=facts.get("host.name") or host_id[:8],
            interval_ms=hello.interval_ms,
            first_seen_ms=now_ms,
            boot_id=hello.boot_id.hex(),
            facts=tuple(sorted(facts.items())),
            labels=tuple(sorted((dict(hello.labels) | dict(self._vouched(host_id))).items())),
            tags=hello.tags,
            metadata=hello.metadata,
            simulated=facts.get(SIMULATED_FACT) == "true",
        )
        known = self._hosts.get(host_id)
        return host if known is None else replace(host, first_seen_ms=known.first_seen_ms)

    def imported(self, host_id: str, name: str, *, interval_ms: int, first_seen_ms: int) -> Host:
        """Return a host of which there is history alone; it is not in the directory before `put`."""
        return Host(
            key=self._host_key(host_id),
            host_id=host_id,
            name=name,
            interval_ms=interval_ms,
            first_seen_ms=first_seen_ms,
            boot_id="",
            facts=(("host.name", name), (IMPORTED_FACT, "true")),
        )

    def _host_key(self, host_id: str) -> int:
        if host_id not in self._host_keys:
            self._host_keys[host_id] = self._next_host
            self._next_host += 1
        return self._host_keys[host_id]

    def put(self, host: Host) -> None:
        """Show a host that is durable."""
        self._host_ids[host.key] = host.host_id
        self._hosts[host.host_id] = host

    def stream(self, host: int, stream_id: bytes) -> Stream:
        """Return a host's stream; a new one has key 0 and is not kept before `keep`."""
        return self._streams.get((host, stream_id)) or Stream(0, host, stream_id)

    def keep(self, stream: Stream) -> None:
        """Give a new stream its key: it is about to get its first batch."""
        stream.key = self._next_stream
        self._next_stream += 1
        self._streams[stream.host, stream.stream_id] = stream

    def follow(self, streams: Iterable[Stream]) -> None:
        """Show how far known streams are now."""
        for stream in streams:
            self._streams[stream.host, stream.stream_id] = stream

    def schema(self, schema_hash: bytes) -> KnownSchema | None:
        return self._schemas.get(schema_hash)

    def learn(self, schema_hash: bytes, schema: Schema) -> KnownSchema:
        known = KnownSchema(self._next_schema, schema_hash, schema)
        self._next_schema += 1
        self._schemas[schema_hash] = known
        return known

    def forget(self, schema: KnownSchema) -> None:
        """Do as if a schema had never been learnt: it could not be saved."""
        del self._schemas[schema.hash]
