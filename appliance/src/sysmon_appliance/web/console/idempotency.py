"""Answers a request that was sent twice as it was answered the first time.

A client that lost an answer sends the same request again with the same Idempotency-Key
(https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/). Answers are kept in memory for ten
minutes, with the secrets that some of them hold: whoever repeats a request must be the one who sent it first.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.errors import BadRequestError, IdempotencyConflictError

HEADER = "idempotency-key"
KEEP_SECONDS = 600.0
MAX_KEPT = 1000
_MAX_KEY = 255

Asked = tuple[str, str, str, str, str]
"""Who has asked for what, under which key."""


@dataclass(slots=True)
class _First:
    """A request that came first, and its answer once there is one."""

    body_hash: bytes
    began: float  # the clock's monotonic time
    answer: "asyncio.Future[Response]"


class Repeats:
    """Belongs to the event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[Asked, _First] = OrderedDict()

    async def answer(
        self, key: str, principal: Principal, target: str, body: bytes, *, work: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Return what `work` answers, or what it answered when the same was asked before.

        An error is not kept: whoever repeats the request tries again.

        Raises
        ------
        BadRequestError, IdempotencyConflictError
            The key is no key, or stands for a request with another body.
        """
        if not 0 < len(key) <= _MAX_KEY or not key.isprintable():
            raise BadRequestError(f"An Idempotency-Key has 1 to {_MAX_KEY} printable characters.")
        self._forget()
        asked = (principal.kind.value, principal.name, principal.credential, target, key)
        body_hash = hashlib.sha256(body).digest()
        first = self._known.get(asked)
        if first is None:
            return await self._first(asked, body_hash, work)
        if first.body_hash != body_hash:
            raise IdempotencyConflictError(
                "This Idempotency-Key stands for another request.", hint="docs/how-to/use-the-api.md"
            )
        return await asyncio.shield(first.answer)

    async def _first(self, asked: Asked, body_hash: bytes, work: Callable[[], Awaitable[Response]]) -> Response:
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._known[asked] = _First(body_hash, self._clock.monotonic(), answer)
        try:
            response = await work()
        except BaseException as error:
            self._known.pop(asked, None)
            answer.set_exception(error)
            answer.exception()  # nobody else may wait for it
            raise
        answer.set_result(response)
        return response

    def _forget(self) -> None:
        """Forget what is old, and the oldest where there is too much."""
        oldest = self._clock.monotonic() - KEEP_SECONDS
        while self._known:
            first = next(iter(self._known.values()))
            if first.began > oldest and len(self._known) < MAX_KEPT:
                return
            self._known.popitem(last=False)
