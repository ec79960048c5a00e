"""What a node that does not lead is to do next: follow, compete, begin a region, or wait for a person.

It fails closed. Where anything could be thrown away, a person decides; what can be thrown away is listed for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sysmon_appliance.domain.leadership import Standing
from sysmon_appliance.domain.replica import Chapter
from sysmon_appliance.domain.topology import Blocked

_STATUS = "sysmon ha status"


@dataclass(frozen=True, slots=True)
class Found:
    """What a node finds beside the coordinator."""

    cluster_id: str = ""  # on this disk; empty where this node was never part of a region
    book_cluster_id: str = ""  # in the object store
    chapters: Sequence[Chapter] = ()
    paths: Sequence[str] = ()  # in the replica
    databases: Sequence[str] = ()  # on this disk, of whatever time and mode


class Step(Enum):
    FOLLOW = auto()  # somebody leads, or is about to
    COMPETE = auto()  # nobody holds the lock, and there is a lineage to go on from
    BEGIN = auto()  # there is nothing anywhere: the first epoch of a new region
    WAIT = auto()  # see `blocked`


@dataclass(frozen=True, slots=True)
class Decision:
    step: Step
    blocked: Blocked | None = None


def decide(standing: Standing, found: Found, *, own: str) -> Decision:
    """Judge what is known.

    Parameters
    ----------
    found
        May be empty where the standing alone decides (see `needs_look`).
    own
        The name of this node, which leads nothing: a lock that is its own was taken, and the answer was lost.
    """
    strange = _of_another_cluster(standing, found)
    if strange:
        return _wait("foreign_cluster", strange, found, hint="sysmon-aggregator config show --effective")
    if not is_free(standing, own):
        return Decision(Step.FOLLOW)
    if standing.lineage is not None:
        return Decision(Step.COMPETE)
    if found.chapters or found.paths or found.book_cluster_id:
        detail = "Consul knows of no lineage, and the replica holds epochs: Consul has lost its data."
        return _wait("lineage_lost", detail, found, hint="sysmon ha recover")
    if found.databases:
        detail = "There is a live database on this disk, and no region of several aggregators yet."
        return _wait("database_found", detail, found, hint="sysmon ha adopt")
    return Decision(Step.BEGIN)


def is_free(standing: Standing, own: str) -> bool:
    """Whether nobody else holds the lock."""
    return standing.holder is None or standing.holder.node.name == own


def needs_look(standing: Standing, own: str) -> bool:
    """Whether disk and object store have to be looked at before anything is decided."""
    return standing.lineage is None and is_free(standing, own)


def next_epoch(standing: Standing, chapters: Sequence[Chapter], *, heard: int = 0) -> int:
    """Return an epoch higher than any that the coordinator, the book, or an agent has seen."""
    return 1 + max(standing.epoch, heard, *(chapter.epoch for chapter in chapters), 0)


def _of_another_cluster(standing: Standing, found: Found) -> str:
    """Say which places do not belong together; an empty string where they do."""
    known = {"Consul": standing.cluster_id, "the object store": found.book_cluster_id, "this disk": found.cluster_id}
    known = {place: cluster for place, cluster in known.items() if cluster}
    if len(set(known.values())) <= 1:
        return ""
    told = ", ".join(f"{place} is of {cluster[:8]}" for place, cluster in known.items())
    return f"Not all belongs to one cluster: {told}."


def _wait(code: str, detail: str, found: Found, *, hint: str) -> Decision:
    return Decision(Step.WAIT, Blocked(code, detail, hint or _STATUS, tuple(found.chapters), tuple(found.databases)))
