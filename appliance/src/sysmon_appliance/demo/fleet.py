"""The cast: what each simulated host is called, what it does, and how busy it is with it."""

from dataclasses import dataclass, replace
from random import Random

from sysmon_agent.wire.messages import Attributes

GIB = 1 << 30
MB = 1e6


@dataclass(frozen=True, slots=True)
class Role:
    """What hosts of a kind have in common; rates are per second, ratios 0 to 1."""

    name: str
    cores: int
    memory: int  # bytes
    disk: int  # bytes
    busy: float  # ratio of all cores
    memory_used: float
    disk_used: float
    read: float  # bytes
    write: float  # bytes
    receive: float  # bytes
    transmit: float  # bytes


ROLES = (
    Role("db", 8, 64 * GIB, 1800 * GIB, 0.46, 0.78, 0.58, 38 * MB, 21 * MB, 9 * MB, 24 * MB),
    Role("web", 4, 8 * GIB, 80 * GIB, 0.31, 0.47, 0.34, 0.3 * MB, 1.1 * MB, 12 * MB, 31 * MB),
    Role("web", 4, 8 * GIB, 80 * GIB, 0.28, 0.44, 0.36, 0.3 * MB, 1.1 * MB, 11 * MB, 28 * MB),
    Role("cache", 2, 32 * GIB, 40 * GIB, 0.05, 0.86, 0.22, 0.05 * MB, 0.2 * MB, 6 * MB, 18 * MB),
    Role("queue", 4, 16 * GIB, 240 * GIB, 0.22, 0.52, 0.41, 3 * MB, 14 * MB, 8 * MB, 8 * MB),
    Role("worker", 8, 32 * GIB, 160 * GIB, 0.71, 0.61, 0.47, 6 * MB, 9 * MB, 4 * MB, 2 * MB),
    Role("proxy", 2, 4 * GIB, 40 * GIB, 0.18, 0.38, 0.27, 0.02 * MB, 0.6 * MB, 45 * MB, 46 * MB),
    Role("ci", 8, 16 * GIB, 320 * GIB, 0.37, 0.55, 0.66, 11 * MB, 17 * MB, 7 * MB, 1 * MB),
)
REGIONS = ("fra", "iad", "sin")

FULL_DISK = 0.895
"""Of one database's disk, which programs can fill to 95 %: somebody has to look at it."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A host that is gone for a while, again and again."""

    every_seconds: int
    lasts_seconds: int

    def covers(self, seconds: float) -> bool:
        """Tell whether the host is gone so long after the start; it is there at first."""
        return seconds % self.every_seconds >= self.every_seconds - self.lasts_seconds


@dataclass(frozen=True, slots=True)
class Character:
    """One simulated host."""

    name: str
    role: Role
    labels: Attributes
    tags: tuple[str, ...]
    metadata: Attributes
    phase: int  # where in the recording it begins
    uptime_seconds: float  # at its first tick
    outage: Outage | None = None


def characters(count: int) -> list[Character]:
    """Cast `count` hosts, the same ones each time."""
    return [_character(position) for position in range(count)]


def _character(position: int) -> Character:
    number, place = divmod(position, len(ROLES))
    region = REGIONS[number % len(REGIONS)]
    role = ROLES[place]
    # Two places in ROLES are web servers, and a region comes round after all the others.
    serial = 1 + number // len(REGIONS) * _places(role.name) + [r.name for r in ROLES[:place]].count(role.name)
    name = f"{role.name}-{serial:02}.{region}"
    random = Random(name)  # noqa: S311 - a cast, no secret
    return Character(
        name=name,
        role=_individual(role, random, full=role.name == "db" and number == 1),
        labels=(
            ("env", "staging" if role.name == "ci" or number % 5 == 4 else "prod"),
            ("region", region),
            ("role", role.name),
        ),
        tags=("critical", "on-call") if role.name in {"db", "proxy"} else (),
        metadata=(("owner", "platform" if role.name in {"proxy", "ci"} else "shop"), ("rack", f"{region}-{place + 1}")),
        phase=random.randrange(1 << 16),
        uptime_seconds=random.uniform(3, 190) * 86_400,
        outage=Outage(every_seconds=240, lasts_seconds=45) if role.name == "worker" and number == 1 else None,
    )


def _places(role: str) -> int:
    return [one.name for one in ROLES].count(role)


def _individual(role: Role, random: Random, *, full: bool) -> Role:
    """Make one of the kind: no two hosts are equally busy."""
    return replace(
        role,
        busy=role.busy * random.uniform(0.6, 1.3),
        memory_used=min(0.95, role.memory_used * random.uniform(0.85, 1.1)),
        disk_used=FULL_DISK if full else role.disk_used * random.uniform(0.7, 1.15),
        read=role.read * random.uniform(0.5, 1.6),
        write=role.write * random.uniform(0.5, 1.6),
        receive=role.receive * random.uniform(0.5, 1.6),
        transmit=role.transmit * random.uniform(0.5, 1.6),
    )
