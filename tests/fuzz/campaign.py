"""Runs inputs through a parser, and watches what that costs."""

import gc
import tracemalloc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from sysmon_agent.errors import SysmonError
from tests.fuzz.mutation import mutations
from tests.fuzz.parsers import Parser

SEED = 20_240_229


class FoundError(Exception):
    """An input made a parser fail in a way that nobody thought of."""


@dataclass
class Outcome:
    """What became of inputs."""

    name: str
    accepted: int = 0
    refused: int = 0

    @property
    def inputs(self) -> int:
        return self.accepted + self.refused


def run(parser: Parser, count: int, seed: int = SEED) -> Outcome:
    """Try `count` inputs; raise FoundError at the first that is neither read nor refused in words."""
    outcome = Outcome(parser.name)
    for data in mutations(parser.seeds, count, seed):
        try:
            parser.parse(data)
            outcome.accepted += 1
        except SysmonError:
            outcome.refused += 1
        except Exception as error:
            raise FoundError(f"{parser.name} failed for bytes.fromhex({data.hex()!r})") from error
    return outcome


def largest_need(parser: Parser, inputs: Iterable[bytes]) -> int:
    """Return the most bytes that reading one of the inputs took."""
    with _traced():
        return max(_need(parser, data) for data in inputs)


def resident_bytes() -> int:
    """Return what this process holds after all that can go has gone."""
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def _need(parser: Parser, data: bytes) -> int:
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    with suppress(SysmonError):
        parser.parse(data)
    return tracemalloc.get_traced_memory()[1] - before


@contextmanager
def _traced() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
