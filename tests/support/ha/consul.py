"""Consul in memory, on a clock that a test moves: what sessions, checks, locks and transactions really do.

`FakeConsul` is the servers, `FakeClient` how one aggregator reaches them, with all that can go wrong on the way. The
product's own session and coordinator run over it. One suite (tests/appliance/consul/test_contract.py) holds it and
three real servers to the same behaviour.
"""

import itertools
import threading
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sysmon_agent.clock import Clock
from sysmon_appliance.consul.client import Folder, Operation, Pair, Result
from sysmon_appliance.consul.session import LOCK_DELAY_SECONDS
from sysmon_appliance.errors import CoordinatorUnreachableError

_TTL_MULTIPLIER = 2  # Consul lets a session live for twice its time
_ABSENT = Pair(b"", 0, "")


@dataclass(slots=True)
class _Session:
    agent: str
    check: str
    seconds: float
    renewed: float


@dataclass(slots=True)
class _Check:
    agent: str
    service: str
    seconds: float
    passed: float


@dataclass(slots=True)
class FakeConsul:
    """Servers that never lose what they know; safe in any thread."""

    clock: Clock
    index: int = 1
    pairs: dict[str, Pair] = field(default_factory=dict)
    services: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # by their id
    _sessions: dict[str, _Session] = field(default_factory=dict)
    _checks: dict[str, _Check] = field(default_factory=dict)
    _resting_until: dict[str, float] = field(default_factory=dict)  # keys in lock-delay
    _names: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def folder(self, prefix: str, *, index: int, seconds: float) -> Folder:
        with self._changed:
            self._settle()
            if index:
                self._changed.wait_for(lambda: self.index > index, seconds)
            found = {key.removeprefix(prefix): pair for key, pair in self.pairs.items() if key.startswith(prefix)}
            return Folder(self.index, found)

    def transact(self, operations: Sequence[Operation]) -> Sequence[Result] | None:
        with self._changed:
            self._settle()
            before, index = dict(self.pairs), self.index + 1
            results = [self._apply(operation["KV"], index) for operation in operations]
            if None in results:
                self.pairs = before
                return None
            self._bump()
            return [{"KV": result} for result in results]

    def register(self, agent: str, service: Mapping[str, Any]) -> None:
        with self._changed:
            self._settle()
            check = service["Check"]
            for gone in [name for name, each in self._checks.items() if each.service == service["ID"]]:
                if gone != check["CheckID"]:
                    self._remove_check(gone)
            self.services[service["ID"]] = service
            seconds = float(check["TTL"].removesuffix("s"))
            self._checks[check["CheckID"]] = _Check(agent, service["ID"], seconds, self.clock.monotonic())

    def deregister(self, service_id: str) -> None:
        with self._changed:
            self._settle()
            self.services.pop(service_id, None)
            for gone in [name for name, each in self._checks.items() if each.service == service_id]:
                self._remove_check(gone)

    def pass_check(self, agent: str, check_id: str) -> bool:
        with self._changed:
            self._settle()
            check = self._checks.get(check_id)
            if check is None or check.agent != agent:
                return False
            check.passed = self.clock.monotonic()
            return True

    def is_passing(self, service_id: str) -> bool:
        """Whether a service is there and its check passes."""
        with self._changed:
            return any(
                check.service == service_id and check.passed + check.seconds > self.clock.monotonic()
                for check in self._checks.values()
            )

    def create_session(self, agent: str, session: Mapping[str, Any]) -> str | None:
        with self._changed:
            self._settle()
            check = self._checks.get(session["ServiceChecks"][0]["ID"])
            now = self.clock.monotonic()
            if check is None or check.passed + check.seconds <= now:
                return None
            name = f"session-{next(self._names)}"
            seconds = float(session["TTL"].removesuffix("s"))
            self._sessions[name] = _Session(agent, session["ServiceChecks"][0]["ID"], seconds, now)
            return name

    def renew_session(self, session_id: str) -> bool:
        with self._changed:
            self._settle()
            session = self._sessions.get(session_id)
            if session is not None:
                session.renewed = self.clock.monotonic()
            return session is not None

    def destroy_session(self, session_id: str) -> None:
        with self._changed:
            self._settle()
            self._end(session_id, self.clock.monotonic())

    def lose_agent(self, agent: str) -> None:
        """Let the servers find an agent gone: `serfHealth` turns critical, rightly or not."""
        with self._changed:
            self._settle()
            for name in [name for name, session in self._sessions.items() if session.agent == agent]:
                self._end(name, self.clock.monotonic())

    def lose_leader(self) -> None:
        """Let another server lead: sessions count from now again, and no key rests."""
        with self._changed:
            self._settle()
            self._resting_until.clear()
            for session in self._sessions.values():
                session.renewed = self.clock.monotonic()

    def lose_keys(self) -> None:
        """Lose all that was ever written, as servers do whose disks were replaced."""
        with self._changed:
            self.pairs.clear()
            self._bump()

    def _settle(self) -> None:
        """End what has run out since anybody asked last, each at its own moment."""
        now = self.clock.monotonic()
        for name in list(self._sessions):
            ended = self._end_of(self._sessions[name])
            if ended <= now:
                self._end(name, ended)

    def _end_of(self, session: _Session) -> float:
        check = self._checks.get(session.check)
        alone = session.renewed + _TTL_MULTIPLIER * session.seconds
        return min(alone, check.passed + check.seconds) if check else self.clock.monotonic()

    def _end(self, session_id: str, moment: float) -> None:
        self._sessions.pop(session_id, None)
        for key, pair in self.pairs.items():
            if pair.session == session_id:
                self._resting_until[key] = moment + LOCK_DELAY_SECONDS
                self.pairs[key] = replace(pair, session="", index=self.index + 1)
                self._bump()

    def _remove_check(self, check_id: str) -> None:
        del self._checks[check_id]
        for name in [name for name, session in self._sessions.items() if session.check == check_id]:
            self._end(name, self.clock.monotonic())

    def _bump(self) -> None:
        self.index += 1
        self._changed.notify_all()

    def _apply(self, operation: Mapping[str, Any], index: int) -> Result | None:
        """Do one operation; None where something stands against it."""
        key = operation["Key"]
        pair = self.pairs.get(key, _ABSENT)
        if not self._allows(operation, pair):
            return None
        match operation["Verb"]:
            case "lock":
                self.pairs[key] = Pair(b64decode(operation["Value"]), index, operation["Session"])
            case "unlock":
                self.pairs[key] = Pair(b64decode(operation["Value"]), index, "")
            case "set" | "cas":
                self.pairs[key] = Pair(b64decode(operation["Value"]), index, pair.session)
        return {"Key": key, "ModifyIndex": self.pairs.get(key, _ABSENT).index}

    def _allows(self, operation: Mapping[str, Any], pair: Pair) -> bool:
        session = operation.get("Session", "")
        match operation["Verb"]:
            case "lock":
                return session in self._sessions and pair.session in {"", session} and not self._rests(operation["Key"])
            case "unlock" | "check-session":
                return bool(pair.index and pair.session == session)
            case "check-index":
                return bool(pair.index and pair.index == operation["Index"])
            case "cas":
                return bool(pair.index == operation["Index"])
            case "check-not-exists":
                return not pair.index
            case verb:
                return bool(verb == "set")

    def _rests(self, key: str) -> bool:
        return self._resting_until.get(key, 0.0) > self.clock.monotonic()


class FakeClient:
    """The way of one aggregator to Consul, over an agent beside it.

    `unreachable` cuts it off. `lost_replies` is the number of questions that are heard and whose answers are lost.
    `delayed` is the number of transactions that stay on their way until `deliver`, long after whoever asked gave up.
    """

    def __init__(self, consul: FakeConsul, agent: str) -> None:
        self.consul = consul
        self.agent = agent
        self.unreachable = False
        self.lost_replies = 0
        self.delayed = 0
        self._on_their_way: list[Sequence[Operation]] = []

    def deliver(self) -> None:
        """Let what was delayed arrive."""
        while self._on_their_way:
            self.consul.transact(self._on_their_way.pop(0))

    def folder(self, prefix: str, *, index: int = 0, seconds: float = 0.0) -> Folder:
        self._reach()
        return self.consul.folder(prefix, index=index, seconds=seconds)

    def transact(self, *operations: Operation) -> Sequence[Result] | None:
        self._reach()
        if self.delayed:
            self.delayed -= 1
            self._on_their_way.append(operations)
            raise self._silence()
        results = self.consul.transact(operations)
        self._answer()
        return results

    def register(self, service: Mapping[str, Any]) -> None:
        self._reach()
        self.consul.register(self.agent, service)
        self._answer()

    def deregister(self, service_id: str) -> None:
        self._reach()
        self.consul.deregister(service_id)

    def pass_check(self, check_id: str) -> bool:
        self._reach()
        return self.consul.pass_check(self.agent, check_id)

    def create_session(self, session: Mapping[str, Any]) -> str:
        self._reach()
        made = self.consul.create_session(self.agent, session)
        if made is None:
            raise CoordinatorUnreachableError("Consul answers with an error: its check does not pass.")
        self._answer()
        return made

    def renew_session(self, session_id: str) -> bool:
        self._reach()
        return self.consul.renew_session(session_id)

    def destroy_session(self, session_id: str) -> None:
        self._reach()
        self.consul.destroy_session(session_id)

    def _reach(self) -> None:
        if self.unreachable:
            raise self._silence()

    def _answer(self) -> None:
        if self.lost_replies:
            self.lost_replies -= 1
            raise self._silence()

    @staticmethod
    def _silence() -> CoordinatorUnreachableError:
        return CoordinatorUnreachableError("Consul does not answer.", hint="sysmon ha status")
