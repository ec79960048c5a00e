import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import pytest
from starlette.responses import Response

from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.errors import BadRequestError, IdempotencyConflictError, StorageFullError
from sysmon_appliance.web.console.idempotency import KEEP_SECONDS, MAX_KEPT, Repeats
from tests.support.clock import ManualClock
from tests.support.console import Console

ALICE = Principal(Kind.USER, "alice", Role.ADMIN)
BOB = Principal(Kind.USER, "bob", Role.ADMIN)


def counting() -> Callable[[], Awaitable[Response]]:
    """Answer a number that counts up."""
    numbers = count(1)

    async def work() -> Response:
        await asyncio.sleep(0)
        return Response(str(next(numbers)))

    return work


class Asking:
    """Asks as one client does, under a clock that a test moves."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self._repeats = Repeats(self.clock)
        self._work = counting()

    async def __call__(
        self, key: str = "k", *, principal: Principal = ALICE, target: str = "POST /x", body: bytes = b"{}"
    ) -> str:
        answer = await self._repeats.answer(key, principal, target, body, work=self._work)
        return bytes(answer.body).decode()


async def test_the_same_request_has_the_same_answer() -> None:
    """A request that is sent again gets the answer of the first, also while that is still awaited."""
    ask = Asking()
    assert list(await asyncio.gather(ask(), ask())) == ["1", "1"]
    assert await ask() == "1"


async def test_what_makes_a_request_another_one() -> None:
    """Another key, another client and another route make another request."""
    ask = Asking()
    assert await ask() == "1"
    assert await ask("other") == "2"
    assert await ask(principal=BOB) == "3"
    assert await ask(target="POST /y") == "4"


async def test_another_body_under_the_same_key() -> None:
    """A key that comes with another body is refused, for one of the two would be lost."""
    ask = Asking()
    await ask()
    with pytest.raises(IdempotencyConflictError):
        await ask(body=b"[]")


@pytest.mark.parametrize("key", ["", "x" * 256, "a\x00b"])
async def test_keys_that_are_none(key: str) -> None:
    """A key is short and printable."""
    with pytest.raises(BadRequestError):
        await Asking()(key)


async def test_answers_are_forgotten() -> None:
    """After ten minutes, or when there are too many, the oldest answers are forgotten."""
    ask = Asking()
    assert await ask() == "1"
    ask.clock.advance(KEEP_SECONDS)
    assert await ask() == "2"
    for number in range(MAX_KEPT):
        await ask(f"k{number}")
    assert await ask() == str(MAX_KEPT + 3)


async def test_a_failure_is_tried_again() -> None:
    """A request that failed is not answered with the failure of before."""
    repeats = Repeats(ManualClock())

    async def failing() -> Response:
        raise StorageFullError("full")

    with pytest.raises(StorageFullError):
        await repeats.answer("k", ALICE, "POST /x", b"", work=failing)
    assert (await repeats.answer("k", ALICE, "POST /x", b"", work=counting())).body == b"1"


async def test_over_http() -> None:
    """A token that is asked for twice under one key is made once, and its secret is told both times."""
    console = Console()
    wanted = {"name": "backup", "role": "viewer", "expires_seconds": 3600}
    async with console.operator() as operator:
        operator.headers["idempotency-key"] = "one"
        first = await operator.post("/api/v1/api-tokens", json=wanted)
        again = await operator.post("/api/v1/api-tokens", json=wanted)
        assert (first.status_code, first.json()) == (201, again.json())
        other = await operator.post("/api/v1/api-tokens", json=wanted | {"name": "other"})
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
        assert len((await operator.get("/api/v1/api-tokens")).json()["api_tokens"]) == 1
