"""Made-up answers about a region of three aggregators, and whatever a test says is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

HOUR = 3_600_000
MIB = 2**20
NAMES = ("agg-1", "agg-2", "agg-3")

Json = dict[str, Any]
Handler = Callable[[Request, Json], Json | Response]


@dataclass
class CannedRegion:
    """What a test turns; `own` is the one that answers."""

    clock: Callable[[], int]
    own: str = "agg-1"
    leader: str | None = "agg-1"
    epoch: int = 7
    topology: str = "ha"
    assurance: str = "read_back"
    degraded: str = ""
    trouble: str = ""
    durable_age_ms: int = 900
    consul_trouble: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    lags: dict[str, int | None] = field(default_factory=lambda: {"agg-2": 800, "agg-3": 1900})
    handoff: Json | None = None
    blocked: Json | None = None
    drill: Json | None = None
    refusal: str = ""  # what stands against a handoff

    @property
    def age_ms(self) -> int | None:
        """How old what a standby shows is; None at the leader."""
        return None if self.own == self.leader or self.topology != "ha" else 840

    def state(self) -> Json:
        names = NAMES if self.topology == "ha" else (self.own,)
        leader = self.leader
        return {
            "topology": self.topology,
            "region": "default",
            "cluster": "0123456789abcdef",
            "node": self.own,
            "role": self._role(self.own),
            "epoch": self.epoch,
            "leader": {**_reached(leader), "epoch": self.epoch} if leader else None,
            "assurance": self.assurance,
            "degraded": self.degraded,
            "durable": {
                "mark": 48_211,
                "committed_mark": 48_212,
                "at": self.clock() - self.durable_age_ms,
                "waiting": 3,
                "trouble": self.trouble,
                "hint": "curl https://s3.example" if self.trouble else "",
            },
            "age_ms": self.age_ms,
            "nodes": [self._node(name) for name in names],
            "lineage": {"epoch": self.epoch, "path": f"epoch-{self.epoch:08d}-00", "txid": 512},
            "consul_trouble": self.consul_trouble,
            "store_trouble": "",
            "handoff": self.handoff,
            "blocked": self.blocked,
        }

    def take_over(self, name: str) -> None:
        """Let another one lead."""
        self.leader, self.epoch, self.handoff = name, self.epoch + 1, None
        self.lags = {each: 700 for each in NAMES if each != name}

    def block(self) -> None:
        """Let everything wait for a person, as after the loss of Consul's data."""
        self.leader = None
        detail = "Consul knows of no lineage, and the replica holds epochs: Consul has lost its data."
        chapter = {"epoch": 7, "path": "epoch-00000007-0123456789abcdef", "node": "agg-1", "began": self.clock() - HOUR}
        self.degraded = detail
        self.blocked = {
            "code": "lineage_lost",
            "detail": detail,
            "hint": "sysmon ha recover",
            "chapters": [chapter],
            "databases": ["/var/lib/sysmon/live/set-aside/epoch-7"],
        }

    def backups(self) -> Json:
        if self.topology == "single":
            return {"chapters": [], "from": None, "to": None, "drill": _drill("never")}
        chapters = [self._chapter(epoch) for epoch in range(1, self.epoch + 1)]
        drill = self.drill or _drill("passed", ended=self.clock() - 5 * HOUR)
        return {"chapters": chapters, "from": chapters[1]["from"], "to": self.clock(), "drill": drill}

    def _role(self, name: str) -> str:
        if self.topology != "ha":
            return "single"
        if self.blocked:
            return "waiting"
        return "leader" if name == self.leader else "standby"

    def _node(self, name: str) -> Json:
        role = self._role(name)
        return {
            **_reached(name),
            "role": role,
            "epoch": self.epoch,
            "mark": 48_211,
            "lag_ms": 0 if role != "standby" else self.lags.get(name),
            "heard": self.clock() - 300 if role == "standby" else None,
            "prepared": False,
            "fault": self.faults.get(name, ""),
        }

    def _chapter(self, epoch: int) -> Json:
        began = self.clock() - (self.epoch - epoch + 1) * 9 * HOUR
        is_kept = epoch > 1
        return {
            "epoch": epoch,
            "path": f"epoch-{epoch:08d}-0123456789abcdef",
            "node": NAMES[(epoch - 1) % 3],
            "began": began,
            "parent": f"epoch-{epoch - 1:08d}-0123456789abcdef" if epoch > 1 else "",
            "parent_txid": 100 * epoch,
            "origin": ("", "failover", "handoff", "outage")[min(epoch - 1, 3)],
            "on_line": epoch != 5,
            "from": began if is_kept else None,
            "to": began + 9 * HOUR if is_kept else None,
            "txid": 512,
        }


class CannedRegionRoutes:
    """The routes of the region over canned answers."""

    def __init__(self, region: CannedRegion) -> None:
        self._region = region

    def reads(self) -> dict[str, Handler]:
        return {
            "/ha": lambda *_: self._region.state(),
            "/ha/handoff": self._checks,
            "/backups": lambda *_: self._region.backups(),
        }

    def writes(self) -> dict[tuple[str, str], Handler]:
        return {("POST", "/ha/handoff"): self._hand_off, ("POST", "/backups/drill"): self._drill}

    def _checks(self, request: Request, _: Json) -> Json:
        to = request.query_params.get("to") or "agg-2"
        refusal = self._region.refusal
        checks = [
            {"name": "durable", "ok": True, "detail": "Changes become durable."},
            {"name": "standby", "ok": not refusal, "detail": refusal or f"{to} follows closely."},
        ]
        return {"checks": checks, "ok": not refusal}

    def _hand_off(self, _: Request, body: Json) -> Response:
        self._region.handoff = {"to": body["to"] or "agg-2", "epoch": self._region.epoch}
        return JSONResponse(self._region.handoff, 202)

    def _drill(self, _: Request, __: Json) -> Response:
        self._region.drill = _drill("running")
        return JSONResponse(self._region.drill, 202)


def failed_drill(ended: int) -> Json:
    return _drill("failed", ended=ended) | {"problem": "Row 9 of audit is missing.", "hint": "sysmon backup list"}


def _drill(state: str, *, ended: int | None = None) -> Json:
    return {
        "state": state,
        "began": ended - 4100 if ended else None,
        "ended": ended,
        "path": "epoch-00000007-0123456789abcdef" if ended else "",
        "txid": 512 if ended else 0,
        "restored_bytes": 58 * MIB if ended else 0,
        "seconds": 4.1 if ended else 0.0,
        "problem": "",
        "hint": "",
        "counts": {"hosts": 24} if ended else {},
    }


def _reached(name: str) -> Json:
    return {"node": name, "ingest": f"{name}.example:7443", "console": f"https://{name}.example:7480"}
