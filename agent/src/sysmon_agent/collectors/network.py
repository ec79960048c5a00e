"""Traffic of network interfaces."""

from fnmatch import fnmatchcase

from sysmon_agent.collectors.base import Collector, Context, Key, Readings
from sysmon_agent.collectors.files import KernelFile, read_word, text

_STACKED_TYPES = tuple(f"DEVTYPE={kind}" for kind in ("bond", "bridge", "ipvlan", "macvlan", "vlan"))
_UP = {"up": 1, "unknown": 1}  # tunnels and the like do not know, and carry traffic all the same


def parse_net_dev(data: bytes) -> dict[str, list[int]]:
    """Read /proc/net/dev: the sixteen counters, by name of the interface."""
    counters = {}
    for line in data.splitlines()[2:]:
        name, _, numbers = line.rpartition(b":")
        counters[text(name.strip())] = [int(number) for number in numbers.split()]
    if any(len(numbers) < 16 for numbers in counters.values()):
        raise ValueError("too few counters")
    return counters


class Network(Collector):
    """Interfaces that are not built on other interfaces.

    The traffic of a bond, a bridge or a VLAN is that of the interfaces below, and would be counted twice.
    """

    name = "network"

    def __init__(self, context: Context) -> None:
        self._dev = KernelFile(context.proc("net/dev"))
        self._interfaces = context.sys("class/net")
        self._patterns = context.settings.ignore_interfaces
        self._ignored: dict[str, bool] = {}

    def collect(self) -> Readings:
        counters = parse_net_dev(self._dev.read())
        if counters.keys() != self._ignored.keys():
            self._ignored = {name: self._is_ignored(name) for name in counters}
        values: dict[Key, float] = {}
        for name, numbers in counters.items():
            if not self._ignored[name]:
                values.update(_traffic(name, numbers))
                values.update(self._link(name))
        return Readings(values)

    def _is_ignored(self, name: str) -> bool:
        if any(fnmatchcase(name, pattern) for pattern in self._patterns):
            return True
        return read_word(f"{self._interfaces}/{name}/uevent").startswith(_STACKED_TYPES)

    def _link(self, name: str) -> dict[Key, float]:
        values: dict[Key, float] = {
            ("hw.network.up", name): _UP.get(read_word(f"{self._interfaces}/{name}/operstate"), 0)
        }
        # An interface that is down or virtual shows an error, -1 or 0.
        speed = read_word(f"{self._interfaces}/{name}/speed")
        if speed.isdecimal() and speed != "0":
            values["hw.network.bandwidth.limit", name] = int(speed) * 1_000_000 / 8
        return values


def _traffic(name: str, numbers: list[int]) -> dict[Key, float]:
    values: dict[Key, float] = {}
    for direction, first in (("receive", 0), ("transmit", 8)):
        values["system.network.io", name, direction] = numbers[first]
        values["system.network.packet.count", name, direction] = numbers[first + 1]
        values["system.network.errors", name, direction] = numbers[first + 2]
        values["system.network.packet.dropped", name, direction] = numbers[first + 3]
    return values
