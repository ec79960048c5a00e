"""Google's protobuf runtime over the published sysmon.proto: what the hand-written codec is held to."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

import sysmon_agent.wire
from sysmon_agent.wire.blocks import deflate, pack_rows
from sysmon_agent.wire.messages import Attributes, Batch, Hello, Reply, Schema, TableRows, kind_of

PROTO = Path(sysmon_agent.wire.__file__).with_name("sysmon.proto")


class Runtime:
    """Builds the runtime's messages from our values."""

    def __init__(self, folder: Path) -> None:
        compiled = folder / "sysmon.descriptors"
        arguments = ["protoc", f"--proto_path={PROTO.parent}", f"--descriptor_set_out={compiled}", PROTO.name]
        assert protoc.main(arguments) == 0
        files = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes())
        self._pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self._pool.Add(file)

    def fields(self, message: str) -> list[Any]:
        """Return the descriptors of a message's fields, by number."""
        descriptor = self._pool.FindMessageTypeByName(f"sysmon.wire.v1.{message}")
        return sorted(descriptor.fields, key=lambda field: field.number)

    def type(self, message: str) -> Any:
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(f"sysmon.wire.v1.{message}"))

    def make(self, message: str, **values: Any) -> Any:
        return self.type(message)(**values)

    def hello(self, hello: Hello) -> Any:
        return self.make(
            "Hello",
            protocol=hello.protocol,
            stream_id=hello.stream_id,
            last=hello.last,
            boot_id=hello.boot_id,
            interval_ms=hello.interval_ms,
            sent={"wall_ms": hello.sent.wall_ms, "boot_ms": hello.sent.boot_ms},
            epoch=hello.epoch,
            facts=_pairs(hello.facts),
            labels=_pairs(hello.labels),
            tags=hello.tags,
            metadata=_pairs(hello.metadata),
        )

    def reply(self, reply: Reply) -> Any:
        return self.make(
            "Reply",
            epoch=reply.epoch,
            stored=reply.stored,
            durable=reply.durable,
            stored_wall_ms=reply.stored_wall_ms,
            renew=reply.renew,
        )

    def schema(self, schema: Schema) -> Any:
        return self.make("Schema", **_schema(schema))

    def batch(self, batch: Batch) -> Any:
        return self.make(
            "Batch",
            stream_id=batch.stream_id,
            first=batch.first,
            skipped=[{"first": gap.first, "last": gap.last, "reason": gap.reason} for gap in batch.skipped],
            wall_ms=_differences(batch.wall_ms),
            boot_ms=_differences(batch.boot_ms),
            schema_hash=batch.schema_hash,
            columns=deflate(batch.columns),
            tables=[_rows(rows) for rows in batch.tables],
            sent={"wall_ms": batch.sent.wall_ms, "boot_ms": batch.sent.boot_ms},
            schema=None if batch.schema is None else _schema(batch.schema),
        )


def _pairs(pairs: Attributes) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs]


def _differences(times: Iterable[int]) -> list[int]:
    return [after - before for before, after in pairwise([0, *times])]


def _rows(rows: TableRows) -> dict[str, Any]:
    numbers, strings = pack_rows(rows)
    return {
        "rows_per_tick": rows.rows_per_tick,
        "numbers": numbers,
        "strings": strings,
        "kinds": [kind_of(column) for column in rows.columns],
    }


def _schema(schema: Schema) -> dict[str, Any]:
    return {
        "series": [{"metric": one.metric, "attributes": _pairs(one.attributes)} for one in schema.series],
        "tables": [
            {"name": table.name, "columns": [{"name": column.name, "kind": column.kind} for column in table.columns]}
            for table in schema.tables
        ],
    }
