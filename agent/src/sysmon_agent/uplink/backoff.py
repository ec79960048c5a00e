"""How long to wait after failures."""

from collections.abc import Callable

FIRST_SECONDS = 1.0


class Backoff:
    """Exponential backoff with full jitter.

    Each pause is drawn evenly between nothing and a ceiling that doubles with every failure, so that a fleet does not
    return in step (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """

    def __init__(self, longest_seconds: float, draw: Callable[[], float]) -> None:
        self._longest = longest_seconds
        self._draw = draw
        self.failures = 0

    def pause(self) -> float:
        """Count a failure and return the seconds to wait after it."""
        ceiling = min(self._longest, FIRST_SECONDS * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return ceiling * self._draw()

    def requested(self, seconds: float) -> float:
        """Count a failure after which the other side has named the pause; spread it a little, never shorten it."""
        self.failures += 1
        return seconds + self._draw()

    def reset(self) -> None:
        self.failures = 0
