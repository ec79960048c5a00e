"""A host that begins ever more series, over the wire."""

import gc
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from sysmon_agent.wire.encode import encode_batch, encode_hello, schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair, Schema, Series
from sysmon_appliance.config import LimitSettings
from tests.support.ingest_server import Listener, listening
from tests.support.pushes import NOW_MS, STREAM, a_body, a_hello
from tests.support.raw_agent import Answer, RawAgent

OTHER = "f" * 32
WIDE = 500
ENDLESS = 60 * WIDE
LIMITS = LimitSettings(new_series_per_host_per_day=2 * WIDE)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with listening(tmp_path, LIMITS) as listener:
        yield listener


def wide(number: int, series: Sequence[Series], *, with_schema: bool = True) -> bytes:
    """Make the batch of one tick with these series."""
    schema = Schema(tuple(series))
    batch = Batch(
        stream_id=STREAM,
        first=number,
        wall_ms=(NOW_MS,),
        boot_ms=(NOW_MS,),
        columns=struct.pack(f"<{len(series)}d", *([1.0] * len(series))),
        schema_hash=schema_hash(schema),
        sent=ClockPair(NOW_MS, 1000),
        schema=schema if with_schema else None,
    )
    return encode_batch(batch)


def containers(first: int, count: int = WIDE) -> list[Series]:
    return [Series("container.cpu.time", (("container.id", f"{number:x}"),)) for number in range(first, first + count)]


def greeted(listener: Listener, host_id: str) -> RawAgent:
    agent = listener.agent(host_id)
    assert agent.post("/v1/hello", encode_hello(a_hello())).status == 200
    return agent


def push(agent: RawAgent, body: bytes) -> Answer:
    return agent.post("/v1/batches", body)


def kept_in_memory() -> int:
    """Count the series that this process, and with it the aggregator, has in memory."""
    gc.collect()
    return sum(isinstance(each, Series) for each in gc.get_objects())


def test_a_host_of_endless_series_stops_nobody(listener: Listener) -> None:
    """Beyond its share a host's new series are refused and not kept; its other ticks go on, and so do other hosts."""
    with closing(greeted(listener, "e" * 32)) as flood, closing(greeted(listener, OTHER)) as other:
        for turn in range(2):
            assert push(flood, wide(turn + 1, containers(turn * WIDE))).status == 200
        kept = kept_in_memory()
        for turn, first in enumerate(range(2 * WIDE, ENDLESS, WIDE)):
            refused = push(flood, wide(3, containers(first)))
            assert (refused.status, refused.code) == (400, "too_many_series")
            assert push(other, a_body(turn + 1)).status == 200
        assert kept_in_memory() < kept + WIDE
        assert push(flood, wide(3, containers(0), with_schema=False)).status == 200


def test_a_refused_list_need_not_be_sent_again(listener: Listener) -> None:
    """The same series under their hash alone are refused as well, so that nobody sends them in vain at each tick."""
    with closing(greeted(listener, OTHER)) as agent:
        for turn in range(2):
            push(agent, wide(turn + 1, containers(turn * WIDE)))
        series = containers(2 * WIDE, 10)
        first = push(agent, wide(3, series))
        again = push(agent, wide(3, series, with_schema=False))
    assert (first.code, again.code) == ("too_many_series", "too_many_series")
    assert again.problem["hint"] == "sysmon series cardinality"
