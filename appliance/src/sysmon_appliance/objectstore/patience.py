"""Not waiting for an object store again that has just not answered."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sysmon_agent.clock import Clock
from sysmon_appliance.errors import StoreUnreachableError
from sysmon_appliance.objectstore.objects import ObjectMissingError, Objects

T = TypeVar("T")

_PAUSE_SECONDS = 10.0


class Patience:
    """Objects of a store that, after it did not answer, is left alone for some seconds.

    A question about months asks for many segments in turn; it must not wait for the time-out of each.
    """

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock
        self._guard = threading.Lock()
        self._refusal: tuple[float, StoreUnreachableError] | None = None  # until when, and what is said till then
        self._answered: bool | None = None

    @property
    def url(self) -> str:
        return self._objects.url

    @property
    def answers(self) -> bool | None:
        """Whether the store answered when it was asked last; None before that."""
        return self._answered

    def put(self, name: str, file: Path) -> None:
        self._ask(lambda: self._objects.put(name, file))

    def read(self, name: str, size: int) -> Iterator[bytes]:
        return self._each(self._objects.read(name, size))

    def size(self, name: str) -> int | None:
        return self._ask(lambda: self._objects.size(name))

    def delete(self, name: str) -> None:
        self._ask(lambda: self._objects.delete(name))

    def names(self) -> Iterator[str]:
        return self._each(self._objects.names())

    def _each(self, answers: Iterator[T]) -> Iterator[T]:
        """Yield what is answered, each as a question of its own."""
        while (answer := self._ask(lambda: next(answers, None))) is not None:
            yield answer

    def _ask(self, question: Callable[[], T]) -> T:
        self._check()
        try:
            answer = question()
        except StoreUnreachableError as error:
            self._note(error)
            raise
        except ObjectMissingError:
            self._note(None)
            raise
        self._note(None)
        return answer

    def _check(self) -> None:
        with self._guard:
            if self._refusal is None:
                return
            until, said = self._refusal
            if self._clock.monotonic() < until:
                raise StoreUnreachableError(said.message, hint=said.hint)

    def _note(self, error: StoreUnreachableError | None) -> None:
        with self._guard:
            self._answered = error is None
            self._refusal = (self._clock.monotonic() + _PAUSE_SECONDS, error) if error else None
