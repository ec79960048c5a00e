"""Monitored hosts in a catalogue of somebody else's, where people and programs find them by name, label and health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sysmon_agent.wire.messages import Attributes


class Health(StrEnum):
    PASSING = "passing"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Entry:
    """A host as the catalogue shows it."""

    host_id: str
    name: str
    address: str
    labels: Attributes
    health: Health
    output: str  # why, in one sentence that stays the same for as long as the reason does
    key: str = ""  # under which the catalogue has it; see Registry.fitted


class Registry(Protocol):
    """A catalogue, and in it the hosts of one region. Calls of the last two block in bounded time."""

    def fitted(self, entry: Entry) -> Entry:
        """Return an entry as the catalogue can hold it, with its key."""

    def entries(self) -> Mapping[str, Entry]:
        """Read what is there of this region, by key.

        Raises
        ------
        CoordinatorUnreachableError
            The catalogue cannot be asked.
        """

    def write(self, entered: Sequence[Entry], removed: Sequence[str]) -> None:
        """Enter fitted entries, in place of what is there, and remove others by their keys.

        Raises
        ------
        CoordinatorUnreachableError
            It happened in part, or not at all, or that is not known.
        """
