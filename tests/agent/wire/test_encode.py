"""The codec is held to Google's runtime, byte by byte and in both directions."""

from typing import Any

from hypothesis import given

from sysmon_agent.wire import shapes
from sysmon_agent.wire.encode import encode_batch, encode_hello, encode_reply, encode_schema, schema_hash
from sysmon_agent.wire.fields import BLOB, BLOBS, NUMBER, NUMBERS
from sysmon_agent.wire.messages import Batch, Hello, Reply, Schema
from tests.support.protobuf import Runtime
from tests.support.wire_samples import SCHEMA
from tests.support.wire_strategies import HELLOS, REPLIES, SCHEMAS, batches

SHAPES = {
    "Pair": shapes.PAIR,
    "Series": shapes.SERIES,
    "Column": shapes.COLUMN,
    "TableSchema": shapes.TABLE_SCHEMA,
    "Schema": shapes.SCHEMA,
    "Gap": shapes.GAP,
    "ClockPair": shapes.CLOCK_PAIR,
    "TableRows": shapes.TABLE_ROWS,
    "Batch": shapes.BATCH,
    "Hello": shapes.HELLO,
    "Reply": shapes.REPLY,
}


@given(hello=HELLOS)
def test_hello_has_the_bytes_of_the_runtime(runtime: Runtime, hello: Hello) -> None:
    """A hello is encoded to the bytes that protobuf's own runtime makes."""
    assert encode_hello(hello) == runtime.hello(hello).SerializeToString()


@given(reply=REPLIES)
def test_reply_has_the_bytes_of_the_runtime(runtime: Runtime, reply: Reply) -> None:
    """A reply is encoded to the bytes that protobuf's own runtime makes."""
    assert encode_reply(reply) == runtime.reply(reply).SerializeToString()


@given(schema=SCHEMAS)
def test_schema_has_the_bytes_of_the_runtime(runtime: Runtime, schema: Schema) -> None:
    """A schema is encoded to the bytes that protobuf's own runtime makes."""
    assert encode_schema(schema) == runtime.schema(schema).SerializeToString()


@given(pair=batches())
def test_batch_has_the_bytes_of_the_runtime(runtime: Runtime, pair: tuple[Batch, Schema]) -> None:
    """A batch is encoded to the bytes that protobuf's own runtime makes."""
    assert encode_batch(pair[0]) == runtime.batch(pair[0]).SerializeToString()


def test_shapes_are_those_of_the_published_file(runtime: Runtime) -> None:
    """The decoder's tables name every field of the published .proto, in order and of the right kind."""
    for name, shape in SHAPES.items():
        published = runtime.fields(name)
        assert [field.number for field in published] == list(range(1, len(published) + 1)), name
        assert dict(zip((field.name for field in published), map(_kind, published), strict=True)) == shape.kinds, name


def _kind(field: Any) -> str:
    """Return our word for a published field."""
    if field.type == field.TYPE_MESSAGE:
        return BLOBS
    if field.type in {field.TYPE_BYTES, field.TYPE_STRING}:
        return BLOBS if field.is_repeated else BLOB
    return NUMBERS if field.is_repeated else NUMBER


def test_schema_is_named_by_its_bytes() -> None:
    """Equal schemas have one name of 16 bytes; another order of series has another."""
    turned = Schema(SCHEMA.series[::-1], SCHEMA.tables)
    assert len(schema_hash(SCHEMA)) == 16
    assert schema_hash(Schema(SCHEMA.series, SCHEMA.tables)) == schema_hash(SCHEMA)
    assert schema_hash(turned) != schema_hash(SCHEMA)
