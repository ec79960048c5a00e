"""Leadership of a region in Consul: five keys below one prefix, changed by transactions alone.

`leader` is the lock: its session is that of the process that leads, its value says who that is. `epoch` is the number
of the newest term. `lineage` is what is durable, `cluster` whose it is, and `handoff` an order to the leader.

Each write is a transaction on what was read before, by the index of the key's newest change. A write that was on its
way for long, whose sender has given it up, can so never undo one that came after it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from sysmon_appliance.consul.client import Folder, Operation, Result, operation
from sysmon_appliance.consul.values import (
    CLUSTER,
    EPOCH,
    HANDOFF,
    LEADER,
    LINEAGE,
    Known,
    encode,
    known_from,
)
from sysmon_appliance.domain.leadership import Handoff, Holder, Lineage, Node, Standing
from sysmon_appliance.errors import CoordinatorUnreachableError, FencedError

_ATTEMPTS = 4  # at a transaction, where somebody else has changed a key meanwhile
_STATUS = "sysmon ha status"


class Keys(Protocol):
    """What is asked of Consul here; see ConsulClient."""

    def folder(self, prefix: str, *, index: int = 0, seconds: float = 0.0) -> Folder: ...

    def transact(self, *operations: Operation) -> Sequence[Result] | None: ...


class HasSession(Protocol):
    """Where the coordinator learns as whom it acts."""

    @property
    def id(self) -> str:
        """The session that is alive; empty where none is."""


class ConsulCoordinator:
    """See domain.leadership.Coordinator, of which each word is kept here.

    Parameters
    ----------
    prefix
        Of the region's keys, with a slash at its end.
    """

    def __init__(self, client: Keys, session: HasSession, *, prefix: str) -> None:
        self._client = client
        self._session = session
        self._prefix = prefix
        # What our own last record left behind, so that the next one needs no reading. It is a guess: Consul refuses a
        # transaction on what is not so any more.
        self._guess: Known | None = None

    def standing(self) -> Standing:
        return self._read().standing

    def wait(self, index: int, seconds: float) -> Standing:
        return known_from(self._client.folder(self._prefix, index=index, seconds=seconds), self._prefix).standing

    def lock(self, node: Node, seen: Standing, epoch: int) -> bool:
        session, known = self._session.id, self._read()
        if not session or known.session not in {"", session}:
            return False
        if known.standing.epoch != seen.epoch or epoch <= seen.epoch:
            return False
        operations = (
            self._unchanged(LEADER, known.leader_index),
            self._operation("lock", LEADER, encode(Holder(node, epoch)), session=session),
            self._operation("cas", EPOCH, encode(epoch), index=known.epoch_index),
        )
        return self._client.transact(*operations) is not None

    def record(self, lineage: Lineage) -> None:
        session = self._session.id
        known = _fitting(self._guess, session, lineage.epoch)
        for _ in range(_ATTEMPTS):
            # Whatever becomes of the transaction, also where no answer comes: the guess is void until it succeeded.
            self._guess = None
            known = known or self._read()
            _check_ours(known, session, lineage)
            results = self._client.transact(*self._recording(known, session, lineage))
            if results is not None:
                self._guess = _after(known, lineage, results)
                return
            known = None
        raise self._contended()

    def ask_for_handoff(self, handoff: Handoff) -> None:
        session = self._session.id
        for _ in range(_ATTEMPTS):
            known = self._read()
            _check_lock(known, session)
            order = self._operation("set", HANDOFF, encode(handoff))
            if self._client.transact(self._held_by(session), order) is not None:
                return
        raise self._contended()

    def release(self) -> None:
        session = self._session.id
        if session:
            # The value goes with the lock; where it is not ours nothing happens, and that is fine.
            self._client.transact(self._operation("unlock", LEADER, b"", session=session))

    def _read(self) -> Known:
        return known_from(self._client.folder(self._prefix), self._prefix)

    def _recording(self, known: Known, session: str, lineage: Lineage) -> Sequence[Operation]:
        """Return what proves the lock and the epoch, and then what there is to write."""
        operations = [self._held_by(session), self._unchanged(EPOCH, known.epoch_index)]
        if not known.standing.cluster_id:
            operations.append(self._operation("cas", CLUSTER, encode(lineage.cluster_id)))
        if _is_ahead(lineage, known.standing.lineage):
            operations.append(self._operation("cas", LINEAGE, encode(lineage), index=known.lineage_index))
        return operations

    def _held_by(self, session: str) -> Operation:
        return self._operation("check-session", LEADER, session=session)

    def _unchanged(self, key: str, index: int) -> Operation:
        return self._operation("check-index" if index else "check-not-exists", key, index=index)

    def _operation(
        self, verb: str, key: str, value: bytes | None = None, *, index: int = 0, session: str = ""
    ) -> Operation:
        return operation(verb, self._prefix + key, value, index=index, session=session)

    def _contended(self) -> CoordinatorUnreachableError:
        return CoordinatorUnreachableError(
            f"Keys below {self._prefix} change faster than they can be read.", hint=_STATUS
        )


def _fitting(guess: Known | None, session: str, epoch: int) -> Known | None:
    """Return a guess that is of this session and epoch; another one says nothing."""
    return guess if guess and guess.session == session and guess.standing.epoch == epoch else None


def _check_ours(known: Known, session: str, lineage: Lineage) -> None:
    """Refuse what is of an epoch that has ended, or of another cluster, or of a path that is not this epoch's."""
    _check_lock(known, session)
    standing, recorded = known.standing, known.standing.lineage
    if standing.epoch != lineage.epoch or (recorded is not None and recorded.epoch > lineage.epoch):
        raise _fenced(known, f"Epoch {lineage.epoch} has ended; Consul is at {standing.epoch}.")
    if standing.cluster_id not in {"", lineage.cluster_id} or (
        recorded is not None and recorded.cluster_id != lineage.cluster_id
    ):
        raise _fenced(
            known, f"Consul's lineage is of cluster {standing.cluster_id[:8]}, not of {lineage.cluster_id[:8]}."
        )
    if recorded is not None and recorded.epoch == lineage.epoch and recorded.path != lineage.path:
        raise _fenced(known, f"Epoch {lineage.epoch} writes to {recorded.path}, not to {lineage.path}.")


def _check_lock(known: Known, session: str) -> None:
    if not session or known.session != session:
        raise _fenced(known, "This aggregator does not hold the lock any more.")


def _fenced(known: Known, message: str) -> FencedError:
    holder = known.standing.holder
    return FencedError(message, hint=_STATUS, leader=holder.node.ingest if holder else "")


def _is_ahead(lineage: Lineage, recorded: Lineage | None) -> bool:
    return recorded is None or lineage.position > recorded.position


def _after(known: Known, lineage: Lineage, results: Sequence[Result]) -> Known:
    """Return what is known once a record has succeeded; what was written last is the lineage."""
    standing = replace(known.standing, cluster_id=known.standing.cluster_id or lineage.cluster_id)
    if not _is_ahead(lineage, standing.lineage):
        return replace(known, standing=standing)
    return replace(known, standing=replace(standing, lineage=lineage), lineage_index=results[-1]["KV"]["ModifyIndex"])
