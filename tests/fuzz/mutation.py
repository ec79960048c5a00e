"""Makes bad inputs out of good ones; the same seed makes the same inputs."""

from collections.abc import Callable, Iterator, Sequence
from random import Random

_TELLING = (
    b"",
    b"\0",
    b"\xff" * 8,
    b"\x80" * 10,
    b"\xff\xff\xff\xff\x0f",
    b"-1",
    b"1e999",
    b"\r\n\r\n",
    b"%00",
    b"\xed\xa0\x80",
)
"""What parsers stumble over: ends, overlong numbers, line ends, half of a surrogate pair."""


def mutations(seeds: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` inputs, each some good one with up to eight changes."""
    random = Random(seed)  # noqa: S311 - no secret, and the same each time
    for _ in range(count):
        data = random.choice(seeds)
        for _ in range(random.randint(1, 8)):
            data = random.choice(_CHANGES)(random, data, seeds)
        yield data


def _flip(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    place = random.randrange(len(data) or 1)
    return data[:place] + bytes([data[place] ^ (1 << random.randrange(8))]) + data[place + 1 :] if data else data


def _cut(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    begin = random.randint(0, len(data))
    return data[:begin] + data[random.randint(begin, min(len(data), begin + 64)) :]


def _truncate(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: random.randint(0, len(data))]


def _insert(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    place = random.randint(0, len(data))
    return data[:place] + random.choice((*_TELLING, random.randbytes(random.randint(1, 16)))) + data[place:]


def _repeat(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    begin = random.randint(0, len(data))
    end = random.randint(begin, min(len(data), begin + 64))
    return data[:end] + data[begin:end] * random.randint(1, 20) + data[end:]


def _splice(random: Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = random.choice(seeds)
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]


_CHANGES: tuple[Callable[[Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip,
    _flip,
    _cut,
    _truncate,
    _insert,
    _insert,
    _repeat,
    _splice,
)
