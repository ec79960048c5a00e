"""A fleet that goes on pushing while all of it renews: `python -m tests.bench.renewing PLAN`.

PLAN is that of tests.bench.load, with "seconds" and "pushes_per_second". Each agent renews once, at an even pace over
the whole time, as agents do: over the connection that it has, and then it connects anew with the new certificate and
goes on with its stream. Signing requests are made before the load begins. What came of it is one JSON object on
standard output.
"""

import asyncio
import json
import resource
import ssl
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import TransportError
from sysmon_agent.wire.encode import encode_hello
from sysmon_agent.wire.messages import ClockPair, Hello
from sysmon_agent.wire.routes import HELLO_PATH, RENEW_PATH
from sysmon_appliance.demo.client import Connection, request, tls_context
from tests.bench.load import INTERVAL_MS, LoadAgent, connect, say, told


@dataclass(slots=True)
class RenewingAgent:
    """An agent that pushes and renews, one request at a time."""

    agent: LoadAgent
    identity: dict[str, str]
    plan: dict[str, Any]
    renewal: bytes = b""  # the whole request
    refused: int = 0  # connections that came to nothing
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def prepare(self, pushes: int) -> None:
        self.agent.prepare(pushes)
        self.renewal = request(RENEW_PATH, json.dumps({"request": _signing_request(self.identity["key"])}).encode())

    async def push(self) -> float:
        """Push one tick; return the seconds from when it was due until it was durable."""
        begun = time.perf_counter()
        async with self.turn:
            await self.agent.push()
        return time.perf_counter() - begun

    async def renew(self) -> float:
        """Renew, and go on with the new certificate; return the seconds that took."""
        begun = time.perf_counter()
        async with self.turn:
            answer = await self.agent.connection.send(self.renewal)
            if answer.status != 200:
                raise RuntimeError(f"a renewal was answered {answer.status}: {answer.body!r}")
            context = self._with(json.loads(answer.body)["certificate"])
            self.agent.connection.close()
            while not await self._reconnected(context):
                self.refused += 1
        return time.perf_counter() - begun

    async def _reconnected(self, context: ssl.SSLContext) -> bool:
        """Connect and say hello; a machine that is too busy may let that fail, and then agents try again."""
        try:
            self.agent.connection = await Connection.to(self.plan["host"], self.plan["port"], context)
            await self._greet()
        except (OSError, TransportError):
            return False
        return True

    def _with(self, certificate: str) -> ssl.SSLContext:
        Path(self.identity["certificate"]).write_text(certificate, encoding="utf-8")
        return tls_context(TlsSettings(**self.identity))

    async def _greet(self) -> None:
        now = time.time_ns() // 1_000_000
        hello = Hello(self.agent.stream_id, self.agent.last, bytes(16), INTERVAL_MS, ClockPair(now, now))
        answer = await self.agent.connection.send(request(HELLO_PATH, encode_hello(hello)))
        if answer.status != 200:
            raise RuntimeError(f"a hello was answered {answer.status}: {answer.body!r}")


def _signing_request(key_file: str) -> str:
    key = load_pem_private_key(Path(key_file).read_bytes(), None)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()  # type: ignore[arg-type] # EC, as all


async def at_even_pace(works: list[Any], seconds: float) -> list[float]:
    """Begin one work after another over some time, however long they take; return the seconds that each took."""
    begun, tasks = time.perf_counter(), []
    for number, work in enumerate(works):
        await asyncio.sleep(max(0.0, begun + number * seconds / len(works) - time.perf_counter()))
        tasks.append(asyncio.create_task(work()))
    return sorted(await asyncio.gather(*tasks))


async def main(plan: dict[str, Any]) -> None:
    connected = await connect(plan)
    fleet = [RenewingAgent(*pair, plan) for pair in zip(connected, plan["agents"], strict=True)]
    rounds = round(plan["seconds"] * plan["pushes_per_second"] / len(fleet))
    for agent in fleet:
        agent.prepare(rounds)
    in_any_order = Random(1).sample(fleet, len(fleet))  # noqa: S311 - a load, no secret
    say({"ready": True})
    await told()
    pushes = [agent.push for _ in range(rounds) for agent in fleet]
    pushed, renewed = await asyncio.gather(
        at_even_pace(pushes, plan["seconds"]), at_even_pace([agent.renew for agent in in_any_order], plan["seconds"])
    )
    say({"pushes": pushed, "renewals": renewed, "refused": sum(agent.refused for agent in fleet)})


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    uvloop.run(main(json.loads(Path(sys.argv[1]).read_bytes())))
