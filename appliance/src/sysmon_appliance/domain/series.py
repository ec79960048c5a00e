"""Which host has which series: kept as which host has used which schema, from when to when.

A host's series are those of its schemas. A host has few schemas, and hosts of one kind share them, so this is a
thousandth of what a row per host and series would be.
"""

from dataclasses import dataclass

from sysmon_appliance.domain.changes import Change


@dataclass(slots=True)
class Use:
    """A host's use of a schema; times are those of ticks, corrected."""

    host: int  # Host.key
    schema: int  # KnownSchema.key
    first_ms: int
    last_ms: int

    def widen(self, first_ms: int, last_ms: int) -> None:
        """Let the use reach over these times as well."""
        self.first_ms = min(self.first_ms, first_ms)
        self.last_ms = max(self.last_ms, last_ms)


@dataclass(frozen=True, slots=True)
class KeepUse(Change):
    """Let a host have used a schema over these times as well, without a batch in the head that tells so."""

    host: int
    schema: int
    first_ms: int
    last_ms: int
