"""What API and console say of backups; times are milliseconds, sizes bytes."""

from enum import StrEnum
from typing import Self

import msgspec

from sysmon_appliance.domain.backups import Backups, Span, Target
from sysmon_appliance.domain.drills import Drill

_SPAN = {"from_ms": "from", "to_ms": "to"}


class DrillState(StrEnum):
    NEVER = "never"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


class DrillView(msgspec.Struct, frozen=True):
    """`seconds` is how long it took from the order to a database that could be led with; `counts` are rows by table."""

    state: DrillState
    began: int | None
    ended: int | None
    path: str
    txid: int
    restored_bytes: int
    seconds: float
    problem: str
    hint: str
    counts: dict[str, int]

    @classmethod
    def of(cls, drill: Drill | None) -> Self:
        shown = drill or Drill(0)
        return cls(
            state=_state(drill),
            began=shown.began_ms or None,
            ended=shown.ended_ms or None,
            path=shown.path,
            txid=shown.txid,
            restored_bytes=shown.restored_bytes,
            seconds=shown.seconds,
            problem=shown.problem,
            hint=shown.hint,
            counts=dict(shown.counts),
        )


class ChapterView(msgspec.Struct, frozen=True, rename=_SPAN):
    """An epoch; `from_ms` and `to_ms` are null where nothing of it can be restored any more.

    `on_line` is false of what was never acknowledged, and of what a restore gave up.
    """

    epoch: int
    path: str
    node: str
    began: int
    parent: str
    parent_txid: int
    origin: str
    on_line: bool
    from_ms: int | None
    to_ms: int | None
    txid: int

    @classmethod
    def of(cls, span: Span) -> Self:
        chapter, reach = span.chapter, span.reach
        return cls(
            epoch=chapter.epoch,
            path=chapter.path,
            node=chapter.node,
            began=chapter.began_ms,
            parent=chapter.parent,
            parent_txid=chapter.parent_txid,
            origin=chapter.origin,
            on_line=span.on_line,
            from_ms=reach.first_ms if reach else None,
            to_ms=reach.last_ms if reach else None,
            txid=reach.txid if reach else 0,
        )


class BackupsDocument(msgspec.Struct, frozen=True, rename=_SPAN):
    """Any moment from `from_ms` to `to_ms` can be restored; both are null where there is no replica."""

    chapters: list[ChapterView]
    from_ms: int | None
    to_ms: int | None
    drill: DrillView

    @classmethod
    def of(cls, backups: Backups) -> Self:
        return cls(
            [ChapterView.of(span) for span in backups.spans],
            backups.from_ms,
            backups.to_ms,
            DrillView.of(backups.drill),
        )


class RestoreBegun(msgspec.Struct, frozen=True):
    """The next epoch begins with this moment of a path."""

    path: str
    at: int

    @classmethod
    def of(cls, target: Target) -> Self:
        return cls(target.path, target.at_ms)


def _state(drill: Drill | None) -> DrillState:
    if drill is None:
        return DrillState.NEVER
    if not drill.ended_ms:
        return DrillState.RUNNING
    return DrillState.PASSED if drill.passed else DrillState.FAILED
