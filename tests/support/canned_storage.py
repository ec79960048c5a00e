"""Made-up answers about storage: two months of history of a fleet, and whatever a test says is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

DAY = 86_400_000
HOUR = DAY // 24
GIB = 2**30
MIB = 2**20
KINDS = ("raw", "minute", "hour", "tables")
# The bytes that a day takes, and for how many days it is kept.
WEIGHTS = {"raw": (160 * MIB, 30), "minute": (22 * MIB, 180), "hour": (1 * MIB, 3650), "tables": (34 * MIB, 30)}
SAMPLES_PER_DAY = 207_360_000

Json = dict[str, Any]
Handler = Callable[[Request, Json], Json | Response]


@dataclass
class CannedStorage:
    """What a test turns; repairing brings back all but those of `lost`."""

    now_ms: int
    damaged: list[Json] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    failure: Json | None = None
    working: Json | None = None
    check: Json = field(default_factory=lambda: check("never"))
    disk_full: int | None = None
    basis_days: float = 58.4
    rules: list[Json] = field(default_factory=lambda: [rule("env=prod", 60, 400, 16), rule("", 30, 180, 8)])
    last_seal: int = field(init=False)

    def __post_init__(self) -> None:
        self.last_seal = self.now_ms - 1_260_000

    def state(self) -> Json:
        return {
            "head": {
                "batches": 4210,
                "bytes": 41 * MIB,
                "file_bytes": 58 * MIB,
                "from": self.now_ms - 2 * HOUR,
                "to": self.now_ms,
            },
            "kinds": [self._kind(kind) for kind in KINDS],
            "disk": {"folder": "/var/lib/sysmon-appliance", "total": 80 * GIB, "free": 52 * GIB},
            "object_store": None,
            "working": self.working,
            "damaged": self.damaged,
            "last_seal": self.last_seal,
            "last_merge": self.now_ms - 11 * HOUR,
            "failure": self.failure,
            "rules": self.rules,
            "changed": None,
        }

    def damage(self, kind: str = "raw") -> Json:
        """Have one segment more that cannot be read."""
        row = {
            "name": f"{kind}-day-20261020-{len(self.damaged)}",
            "kind": kind,
            "from": self.now_ms - 35 * DAY,
            "to": self.now_ms - 34 * DAY,
            "hosts": 24,
            "found": self.now_ms - 3 * HOUR,
        }
        self.damaged.append(row)
        return row

    def repair(self, *, give_up: bool) -> Json:
        lost = [row["name"] for row in self.damaged if row["name"] in self.lost]
        repaired = [row["name"] for row in self.damaged if row["name"] not in self.lost]
        self.damaged = [row for row in self.damaged if row["name"] in lost and not give_up]
        return {"repaired": repaired, "lost": lost}

    def forecast(self, days: int) -> Json:
        step = -(-days // 366)
        points = [self._point(day) for day in range(0, days + 1, step)]
        return {
            "now": self.now_ms,
            "basis_days": self.basis_days,
            "points": points,
            "per_day": {kind: per_day for kind, (per_day, _) in WEIGHTS.items()},
            "in_a_year": self._point(365)["total"],
            "disk_full": self.disk_full,
            "samples_per_day": SAMPLES_PER_DAY,
        }

    def sealed(self, at_ms: int) -> None:
        """Have sealed what was asked for."""
        self.working, self.last_seal = None, at_ms

    def segments(self, kind: str | None, cursor: str | None, limit: int) -> Json:
        chosen = [row for row in self._segments() if kind in {None, row["kind"]}]
        names = [row["name"] for row in chosen]
        first = names.index(cursor) + 1 if cursor else 0
        page = chosen[first : first + limit]
        return {"segments": page, "next": page[-1]["name"] if first + limit < len(chosen) else None}

    def _segments(self) -> list[Json]:
        return [self._segment(kind, day) for day in range(1, 181) for kind in KINDS if day <= WEIGHTS[kind][1]]

    def _segment(self, kind: str, day: int) -> Json:
        per_day, _ = WEIGHTS[kind]
        start = self.now_ms - self.now_ms % DAY - day * DAY
        return {
            "name": f"{kind}-{start}",
            "kind": kind,
            "level": "day" if day < 40 else "month",
            "from": start,
            "to": start + DAY - 1,
            "hosts": 24,
            "ticks": 207_360,
            "samples": SAMPLES_PER_DAY,
            "bytes": per_day,
            "created": start + DAY + 2 * HOUR,
            "local": day < 90,
            "damaged": None,
        }

    def _kind(self, kind: str) -> Json:
        per_day, days = WEIGHTS[kind]
        held = min(days, 60)
        return {
            "kind": kind,
            "segments": held,
            "bytes": held * per_day,
            "local_bytes": held * per_day,
            "ticks": held * 207_360,
            "samples": 0 if kind == "tables" else held * SAMPLES_PER_DAY,
            "bytes_per_sample": None if kind == "tables" else per_day / SAMPLES_PER_DAY,
            "from": self.now_ms - held * DAY,
            "to": self.now_ms - 2 * HOUR,
            "days": days,
            "max_bytes": 40 * GIB if kind == "raw" else 0,
        }

    def _point(self, day: int) -> Json:
        kinds = {kind: per_day * min(60 + day, days) for kind, (per_day, days) in WEIGHTS.items()}
        head = 58 * MIB
        return {"t": self.now_ms + day * DAY, "head": head, **kinds, "total": head + sum(kinds.values())}


def rule(selector: str, raw_days: int, minute_days: int, hosts: int) -> Json:
    return {
        "selector": selector,
        "raw_days": raw_days,
        "minute_days": minute_days,
        "hour_days": 3650,
        "tables_days": raw_days,
        "hosts": hosts,
    }


def check(
    state: str,
    *,
    checked: int = 0,
    of: int = 0,
    damaged: tuple[str, ...] = (),
    started: int | None = None,
    ended: int | None = None,
) -> Json:
    return {
        "state": state,
        "checked": checked,
        "of": of,
        "unread": 0,
        "damaged": list(damaged),
        "started": started,
        "ended": ended,
    }


class CannedStorageRoutes:
    """The routes of storage over canned answers."""

    def __init__(self, storage: CannedStorage) -> None:
        self._storage = storage

    def reads(self) -> dict[str, Handler]:
        return {
            "/storage": lambda *_: self._storage.state(),
            "/storage/forecast": lambda request, _: self._storage.forecast(int(request.query_params["days"])),
            "/storage/segments": self._segments,
            "/storage/check": lambda *_: self._storage.check,
        }

    def writes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("POST", "/storage/seal"): self._seal,
            ("POST", "/storage/check"): self._check,
            ("POST", "/storage/repair"): lambda _, body: self._storage.repair(give_up=body["give_up"]),
        }

    def _segments(self, request: Request, _: Json) -> Json:
        given = request.query_params
        return self._storage.segments(given.get("kind"), given.get("cursor"), int(given["limit"]))

    def _seal(self, _: Request, __: Json) -> Response:
        self._storage.working = {"job": "seal", "started": self._storage.now_ms, "done": 0.4}
        return JSONResponse({"job": "seal"}, 202)

    def _check(self, _: Request, __: Json) -> Response:
        self._storage.check = check("running", checked=60, of=240, started=self._storage.now_ms)
        return JSONResponse({"job": "check"}, 202)
