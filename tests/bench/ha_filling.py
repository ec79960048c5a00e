"""Fills the live database of a region with batches that do not compress, and not so fast that its leader is lost."""

import asyncio
import secrets
import time
from http import HTTPStatus
from itertools import count

import numpy as np

from sysmon_agent.wire.encode import encode_batch, encode_hello
from sysmon_agent.wire.messages import Batch, ClockPair, Hello
from sysmon_agent.wire.routes import BATCHES_PATH, HELLO_PATH
from sysmon_appliance.demo.client import Answer, Connection
from tests.bench.ha_region import LiveRegion
from tests.bench.load import SAMPLES, SCHEMA, SCHEMA_HASH
from tests.support.raw_agent import tls_context

_HOSTS = 40  # limits count batches by host
_PAUSE_SECONDS = 0.08  # between the batches of one host: some 4 MB/s in all
_TICKS = 10
_STEP_MS = 1000
_BACK_MS = 6 * 3_600_000
_numbers = count(1 << 20)  # far from those of the agents that push all the time


def fill(region: LiveRegion, size: int) -> None:
    """Push until the region was given so many bytes of batches."""
    if region.filled_bytes < size:
        region.filled_bytes += asyncio.run(_fill(region, size - region.filled_bytes))


async def _fill(region: LiveRegion, missing: int) -> int:
    room = _Room(missing)
    await asyncio.gather(*(_Filler(region, next(_numbers)).push(room) for _ in range(_HOSTS)))
    return room.used


class _Room:
    """How much there is still to push."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.used = 0

    def take(self, body: bytes) -> bool:
        """Return whether there was still any."""
        if self.used >= self._size:
            return False
        self.used += len(body)
        return True


class _Filler:
    """A host with hours of noise."""

    def __init__(self, region: LiveRegion, number: int) -> None:
        leader = region.leader()
        issued = region.nodes.agent(f"{number:032x}")
        self._host, self._port = leader.machine.address, leader.ingest_port
        self._context = tls_context(str(issued.authority), issued)
        self._noise = np.random.default_rng(number)
        self._stream_id = secrets.token_bytes(16)
        self._begun_ms = time.time_ns() // 1_000_000 - _BACK_MS

    async def push(self, room: _Room) -> None:
        """Push one batch after another while there is room."""
        connection = await Connection.to(self._host, self._port, self._context)
        _expect_ok(await connection.post(HELLO_PATH, self._hello()))
        first = 1
        while room.take(body := self._body(first)):
            _expect_ok(await connection.post(BATCHES_PATH, body))
            await asyncio.sleep(_PAUSE_SECONDS)
            first += _TICKS
        await connection.end()

    def _hello(self) -> bytes:
        now_ms = time.time_ns() // 1_000_000
        return encode_hello(Hello(self._stream_id, 0, bytes(16), _STEP_MS, ClockPair(now_ms, now_ms)))

    def _body(self, first: int) -> bytes:
        """Encode ticks from a number on; the schema goes with the first of them."""
        times = tuple(self._begun_ms + _STEP_MS * number for number in range(first, first + _TICKS))
        now_ms = time.time_ns() // 1_000_000
        return encode_batch(
            Batch(
                stream_id=self._stream_id,
                first=first,
                wall_ms=times,
                boot_ms=times,
                columns=self._noise.random(SAMPLES * _TICKS).astype("<f8").tobytes(),
                schema_hash=SCHEMA_HASH,
                sent=ClockPair(now_ms, now_ms),
                schema=SCHEMA if first == 1 else None,
            )
        )


def _expect_ok(answer: Answer) -> None:
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"the aggregator answered {answer.status}: {answer.body!r}")
