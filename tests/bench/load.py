"""A thousand agents in one process, as load for the aggregator: `python -m tests.bench.load PLAN`.

PLAN is JSON: {"host", "port", "agents": [{"certificate", "key", "authority"}, …]}. Orders come on standard input, one
JSON object a line, and each is answered by one on standard output. Connecting, hello and encoding all bodies happen
before an order is answered with "ready"; only then does the load begin.
"""

import asyncio
import json
import resource
import secrets
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

import uvloop

from sysmon_agent.config.values import TlsSettings
from sysmon_agent.wire.encode import encode_batch, encode_hello, schema_hash
from sysmon_agent.wire.messages import Batch, ClockPair, Hello, Schema
from sysmon_agent.wire.routes import BATCHES_PATH, HELLO_PATH
from sysmon_appliance.demo.client import Connection, request, tls_context
from sysmon_appliance.demo.fleet import characters
from sysmon_appliance.demo.machine import Machine
from sysmon_appliance.demo.recording import load

SAMPLES = 100
INTERVAL_MS = 10_000
HANDSHAKES_AT_ONCE = 32

EIGHT_CORES = Machine(characters(1)[0], load(), now_ms=0).schema
SCHEMA = Schema(EIGHT_CORES.series[:SAMPLES])
"""The series of a host with eight cores, to a hundred of them."""
SCHEMA_HASH = schema_hash(SCHEMA)


def values(random: Random) -> Iterator[list[float]]:
    """Yield one tick after another: constants, counters, sizes in pages and small ratios, as a host has them."""
    current = [float(random.randrange(1 << 30)) for _ in range(SAMPLES)]
    while True:
        for position in range(SAMPLES):
            match position % 10:
                case 0 | 1 | 2:
                    pass
                case 3 | 4 | 5:
                    current[position] += random.randrange(5000)
                case 6 | 7:
                    current[position] = 4096.0 * random.randrange(1 << 20)
                case _:
                    current[position] = random.randrange(10_000) / 100
        yield current


@dataclass(slots=True)
class LoadAgent:
    """One connection and its stream."""

    connection: Connection
    values: Iterator[list[float]]
    stream_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    last: int = 0
    prepared: list[bytes] = field(default_factory=list)  # whole requests, the next one at the end

    async def begin(self) -> None:
        """Say hello, and deliver the first tick; the schema goes with it when nobody has sent it before."""
        now = time.time_ns() // 1_000_000
        hello = Hello(self.stream_id, 0, bytes(16), INTERVAL_MS, ClockPair(now, now))
        await self._send(request(HELLO_PATH, encode_hello(hello)))
        self.last += 1
        answer = await self.connection.send(self._request(now))
        if answer.status == HTTPStatus.CONFLICT:
            await self._send(self._request(now, SCHEMA))

    def prepare(self, count: int) -> None:
        """Encode the next ticks; their times lie an interval apart and end about now."""
        now = time.time_ns() // 1_000_000
        self.prepared = []
        for missing in reversed(range(count)):
            self.last += 1
            self.prepared.append(self._request(now - INTERVAL_MS * missing))
        self.prepared.reverse()

    async def push(self) -> float:
        """Send the next prepared tick and wait until it is durable; return the seconds that took."""
        begun = time.perf_counter()
        await self._send(self.prepared.pop())
        return time.perf_counter() - begun

    def _request(self, wall_ms: int, schema: Schema | None = None) -> bytes:
        """Encode the tick with the number `last`."""
        batch = Batch(
            stream_id=self.stream_id,
            first=self.last,
            wall_ms=(wall_ms,),
            boot_ms=(wall_ms,),
            columns=struct.pack(f"<{SAMPLES}d", *next(self.values)),
            schema_hash=SCHEMA_HASH,
            sent=ClockPair(time.time_ns() // 1_000_000, wall_ms),
            schema=schema,
        )
        return request(BATCHES_PATH, encode_batch(batch))

    async def _send(self, message: bytes) -> None:
        answer = await self.connection.send(message)
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"the aggregator answered {answer.status}: {answer.body!r}")


async def connect(plan: Any) -> list[LoadAgent]:
    turns = asyncio.Semaphore(HANDSHAKES_AT_ONCE)

    async def one(number: int, identity: dict[str, str]) -> LoadAgent:
        context = tls_context(TlsSettings(**identity))
        async with turns:
            connection = await Connection.to(plan["host"], plan["port"], context)
            agent = LoadAgent(connection, values(Random(number)))  # noqa: S311 - a load, no secret
            await agent.begin()
            return agent

    return list(await asyncio.gather(*(one(number, identity) for number, identity in enumerate(plan["agents"]))))


async def paced(agents: list[LoadAgent], *, pushes: int, per_second: float) -> list[float]:
    """Push at an even pace, however long answers take, each agent in its turn."""
    begun = time.perf_counter()
    tasks = []
    for number in range(pushes):
        await asyncio.sleep(max(0.0, begun + number / per_second - time.perf_counter()))
        tasks.append(asyncio.create_task(agents[number % len(agents)].push()))
    return list(await asyncio.gather(*tasks))


async def full(agents: list[LoadAgent], *, pushes: int) -> list[float]:
    """Let every agent push as soon as its last push was answered."""

    async def one(agent: LoadAgent) -> list[float]:
        return [await agent.push() for _ in range(pushes // len(agents))]

    return [seconds for taken in await asyncio.gather(*map(one, agents)) for seconds in taken]


async def obey(agents: list[LoadAgent], order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order: prepare, wait for the word to go, push, report."""
    pushes = order["pushes"]
    for number, agent in enumerate(agents):
        agent.prepare(len(range(number, pushes, len(agents))))
    body_bytes = sum(len(message) for message in agents[0].prepared) // len(agents[0].prepared)
    say({"ready": True})
    await told()
    begun = time.perf_counter()
    if "per_second" in order:
        taken = sorted(await paced(agents, pushes=pushes, per_second=order["per_second"]))
    else:
        taken = sorted(await full(agents, pushes=pushes))
    return {
        "sent": len(taken),
        "seconds": time.perf_counter() - begun,
        "median_ms": 1000 * taken[len(taken) // 2],
        "p95_ms": 1000 * taken[len(taken) * 95 // 100],
        "p99_ms": 1000 * taken[len(taken) * 99 // 100],
        "request_bytes": body_bytes,
    }


async def told() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


def say(word: dict[str, Any]) -> None:
    print(json.dumps(word), flush=True)


async def main(plan: Any) -> None:
    agents = await connect(plan)
    say({"connected": len(agents)})
    while line := await told():
        say(await obey(agents, json.loads(line)))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    uvloop.run(main(json.loads(Path(sys.argv[1]).read_bytes())))
