from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.errors import WireError
from sysmon_agent.wire.decode import check_against, decode_batch, decode_hello, decode_reply, decode_schema
from sysmon_agent.wire.encode import encode_batch, encode_hello, encode_reply, encode_schema
from sysmon_agent.wire.messages import Batch, Hello, Reply, Schema
from tests.support.wire_samples import BATCHES, HELLO
from tests.support.wire_strategies import HELLOS, REPLIES, SCHEMAS, batches

BODIES = [encode_batch(batch) for batch in BATCHES.values()]


@given(hello=HELLOS)
def test_hello_returns_from_its_bytes(hello: Hello) -> None:
    """A hello that was encoded is decoded to the same value."""
    assert decode_hello(encode_hello(hello)) == hello


@given(reply=REPLIES)
def test_reply_returns_from_its_bytes(reply: Reply) -> None:
    """A reply that was encoded is decoded to the same value."""
    assert decode_reply(encode_reply(reply)) == reply


@given(schema=SCHEMAS)
def test_schema_returns_from_its_bytes(schema: Schema) -> None:
    """A schema that was encoded is decoded to the same value."""
    assert decode_schema(encode_schema(schema)) == schema


@given(pair=batches())
def test_batch_returns_from_its_bytes(pair: tuple[Batch, Schema]) -> None:
    """A batch that was encoded is decoded to the same value and fits its schema."""
    batch, schema = pair
    decoded = decode_batch(encode_batch(batch))
    assert decoded == batch
    check_against(decoded, schema)


@given(pair=batches())
def test_tables_can_be_left_out(pair: tuple[Batch, Schema]) -> None:
    """A reader that wants no tables gets the same batch without them."""
    batch, _ = pair
    decoded = decode_batch(encode_batch(batch), tables=False)
    assert decoded.tables == ()
    assert (decoded.columns, decoded.wall_ms, decoded.skipped) == (batch.columns, batch.wall_ms, batch.skipped)


@st.composite
def damaged(draw: st.DrawFn, bodies: list[bytes]) -> bytes:
    """Return a message with some bytes flipped, cut out, doubled or taken from another."""
    body = bytearray(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 4))):
        start, stop = sorted(draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body)))))
        other = draw(st.sampled_from(bodies))
        match draw(st.sampled_from(["flip", "cut", "splice", "insert"])):
            case "flip" if start < len(body):
                body[start] ^= draw(st.integers(1, 255))
            case "cut":
                del body[start:stop]
            case "splice":
                body[start:stop] = other[start:stop]
            case _:
                body[start:start] = draw(st.binary(max_size=12))
    return bytes(body)


@given(body=damaged(BODIES))
def test_damaged_batch_is_refused_or_sound(body: bytes) -> None:
    """A damaged batch is refused with an error of ours, or is a batch that survives another round."""
    try:
        batch = decode_batch(body)
    except WireError:
        return
    again = encode_batch(batch)
    assert encode_batch(decode_batch(again)) == again


@given(body=damaged([encode_hello(HELLO)]))
def test_damaged_hello_is_refused_or_sound(body: bytes) -> None:
    """A damaged hello is refused with an error of ours, or is a hello that survives another round."""
    try:
        hello = decode_hello(body)
    except WireError:
        return
    assert decode_hello(encode_hello(hello)) == hello


@given(body=st.binary(max_size=200))
def test_noise_is_refused(body: bytes) -> None:
    """Bytes that were never a message of ours raise nothing but our own errors."""
    for decode in (decode_batch, decode_hello, decode_reply, decode_schema):
        try:
            decode(body)
        except WireError:
            continue
