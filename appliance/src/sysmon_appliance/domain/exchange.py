"""History on its way out of SysMonitor or into it: values of one series, whatever the format."""

from dataclasses import dataclass
from typing import Protocol

from sysmon_agent.wire.messages import Series
from sysmon_appliance.domain.downsample import Times
from sysmon_appliance.domain.terms import Floats


@dataclass(frozen=True, slots=True)
class SeriesValues:
    """Values of one series that are there; `t` is int64 [values], milliseconds since 1970, `values` float64 [values].

    Missing values are left out. Infinities and values that are no number may occur.
    """

    host: str  # name
    host_id: str  # empty where a file does not say
    series: Series
    t: Times
    values: Floats


class HistoryWriter(Protocol):
    """Writes a file of some format, from start to end."""

    def write(self, given: SeriesValues) -> None:
        """Add values; those of one metric come one after another."""

    def finish(self) -> None:
        """Write what the format wants at the end, and all that is still here."""
