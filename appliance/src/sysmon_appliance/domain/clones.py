"""Two agents under one certificate: told apart from reboots and rollbacks by who comes back.

An incarnation of a host is a boot and a stream. Reboots and rollbacks replace one by another, once, for good. Two
machines that hold the same certificate take turns instead: A, B, A, B. When two incarnations have each come back
after they had been replaced, and neither has been silent for the window since, the younger of them is a clone.
"""

from dataclasses import dataclass, field

WINDOW_MS = 15 * 60 * 1000
"""An incarnation that was silent for this long is forgotten."""

_MAX_INCARNATIONS = 64  # incarnations remembered; only an agent gone wild has more within the window


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One life of an agent: what two agents never share while both run."""

    boot_id: bytes
    stream_id: bytes


@dataclass(slots=True)
class _Seen:
    heard_ms: int
    came_back: bool = False


@dataclass(slots=True)
class Incarnations:
    """The incarnations that a host has shown lately, in order of first appearance. Times are the aggregator's."""

    current: Incarnation | None = None
    _seen: dict[Incarnation, _Seen] = field(default_factory=dict)

    def greet(self, who: Incarnation, *, now_ms: int, active_ms: int) -> bool:
        """Note that `who` says hello; return whether it may speak for the host.

        `active_ms` is when the current incarnation was last heard.
        """
        if self.current in self._seen:
            self._seen[self.current].heard_ms = active_ms
        self._forget(now_ms)
        self._note(who, now_ms)
        if self._is_clone(who):
            return False
        self.current = who
        return True

    def _note(self, who: Incarnation, now_ms: int) -> None:
        seen = self._seen.get(who)
        if seen is None:
            self._seen[who] = _Seen(now_ms)
            if len(self._seen) > _MAX_INCARNATIONS:
                del self._seen[next(iter(self._seen))]
            return
        seen.came_back = seen.came_back or who != self.current
        seen.heard_ms = now_ms

    def _is_clone(self, who: Incarnation) -> bool:
        """Whether `who` comes back again and again, and an older one does too."""
        if not self._seen[who].came_back:
            return False
        older = list(self._seen)[: list(self._seen).index(who)]
        return any(self._seen[one].came_back for one in older)

    def _forget(self, now_ms: int) -> None:
        for seen in self._seen.values():
            seen.heard_ms = min(seen.heard_ms, now_ms)  # a clock that was set back must not make it last for ever
        horizon_ms = now_ms - WINDOW_MS
        self._seen = {who: seen for who, seen in self._seen.items() if seen.heard_ms > horizon_ms}
