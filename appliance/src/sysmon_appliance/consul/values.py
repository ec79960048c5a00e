"""What a region's keys hold: JSON of the domain's own values, judged before it is believed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from sysmon_appliance.consul.client import Folder, Pair
from sysmon_appliance.domain.leadership import Handoff, Holder, Lineage, Standing
from sysmon_appliance.errors import CoordinatorUnreachableError

LEADER = "leader"
EPOCH = "epoch"
LINEAGE = "lineage"
CLUSTER = "cluster"
HANDOFF = "handoff"

T = TypeVar("T")

_MAX_BYTES = 16 << 10
_NEVER = Pair(b"", 0, "")  # a key that is not there; zero is also how a transaction says so


@dataclass(frozen=True, slots=True)
class Known:
    """A standing, and what a transaction needs to build on it."""

    standing: Standing
    session: str  # of whoever holds the lock; empty where nobody does
    leader_index: int
    epoch_index: int
    lineage_index: int


def encode(value: Holder | Lineage | Handoff | str | int) -> bytes:
    return msgspec.json.encode(value)


def known_from(folder: Folder, prefix: str) -> Known:
    """Read all keys of a region.

    Raises
    ------
    CoordinatorUnreachableError
        A value is not what SysMonitor writes: nothing may be decided on such ground.
    """
    reader = _Reader(folder, prefix)
    leader = reader.pair(LEADER)
    lineage = reader.value(LINEAGE, Lineage, lambda lineage: min(lineage.position) >= 0)
    standing = Standing(
        epoch=reader.value(EPOCH, int, lambda epoch: epoch >= 0) or 0,
        holder=reader.value(LEADER, Holder) if leader.session else None,
        lineage=lineage,
        cluster_id=reader.value(CLUSTER, str) or "",
        handoff=reader.value(HANDOFF, Handoff),
        index=folder.index,
    )
    return Known(standing, leader.session, leader.index, reader.pair(EPOCH).index, reader.pair(LINEAGE).index)


@dataclass(frozen=True, slots=True)
class _Reader:
    folder: Folder
    prefix: str

    def pair(self, key: str) -> Pair:
        return self.folder.pairs.get(key, _NEVER)

    def value(self, key: str, kind: type[T], is_sound: Callable[[T], bool] = lambda _: True) -> T | None:
        pair = self.pair(key)
        if not pair.index:
            return None
        try:
            value = msgspec.json.decode(pair.value[:_MAX_BYTES], type=kind)
        except msgspec.MsgspecError:
            raise self.damaged(key) from None
        if not is_sound(value) or len(pair.value) > _MAX_BYTES:
            raise self.damaged(key)
        return value

    def damaged(self, key: str) -> CoordinatorUnreachableError:
        return CoordinatorUnreachableError(
            f"Consul's key {self.prefix}{key} holds something else than SysMonitor writes.",
            hint=f"consul kv get -detailed {self.prefix}{key}",
        )
