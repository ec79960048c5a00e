"""Made-up answers of the console's API, alike at every run, for states that a real fleet does not show on demand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sysmon_agent.names import PROCESS_COLUMNS

METRICS = (
    "cpu", "iowait", "load1", "memory", "memory_used", "memory_limit", "swap", "filesystem", "disk_read", "disk_write",
    "disk_busy", "net_receive", "net_transmit", "pressure_cpu", "pressure_memory", "pressure_io", "temperature",
    "processes", "uptime",
)  # fmt: skip
ROLES = ("web", "db", "cache", "queue", "build")
SPARK_SLOTS = 60
SPARK_SECONDS = 10
SPARK_UNITS = {"cpu": 0.001, "memory": 0.001, "net_receive": 1.0, "net_transmit": 1.0}
GIB = 2**30
INTERVAL_MS = 2000

Json = dict[str, Any]


def wave(seed: int, at_ms: float, *, period_s: float = 300) -> float:
    """A value between 0 and 1 that looks measured: slow swell, quicker ripple, no randomness."""
    turn = at_ms / 1000 / period_s * math.tau + seed * 1.7
    return 0.5 + 0.28 * math.sin(turn) + 0.14 * math.sin(turn * 3.1 + seed) + 0.07 * math.sin(turn * 17.3 + 2 * seed)


@dataclass(frozen=True, slots=True)
class CannedHost:
    number: int

    @property
    def id(self) -> str:
        return f"{self.number + 1:032x}"

    @property
    def role(self) -> str:
        return ROLES[self.number % len(ROLES)]

    @property
    def name(self) -> str:
        return f"{self.role}-{self.number // len(ROLES) + 1}"

    @property
    def status(self) -> str:
        return {7: "late", 11: "down"}.get(self.number, "up")

    @property
    def labels(self) -> dict[str, str]:
        return {"env": "dev" if self.number % 4 == 3 else "prod", "role": self.role}

    def last_seen(self, now_ms: int) -> int:
        return now_ms - {"up": 800, "late": 9_000, "down": 754_000}[self.status]

    def values(self, at_ms: float) -> list[float | None]:
        seed = self.number
        busy = 0.97 if seed == 4 else min(0.99, 0.08 + 0.6 * wave(seed, at_ms) * (0.3 + seed % 5 / 6))
        memory = 0.35 + 0.3 * (seed % 7) / 7 + 0.06 * wave(seed + 3, at_ms)
        full = 0.94 if seed == 6 else 0.2 + 0.5 * (seed * 7 % 11) / 11
        limit = (8, 16, 32, 64)[seed % 4] * GIB
        return [
            busy, 0.02 * wave(seed, at_ms), busy * 8, memory, memory * limit, limit, 0.04, full,
            4e6 * wave(seed, at_ms), 9e6 * wave(seed + 1, at_ms), 0.3 * wave(seed, at_ms),
            3e6 * wave(seed + 2, at_ms), 1.2e6 * wave(seed + 5, at_ms), 0.03, 0.0, 0.01,
            None if seed % 3 == 0 else 44 + 14 * wave(seed, at_ms), 180 + 9 * (seed % 13), 1_080_000 + 7000 * seed,
        ]  # fmt: skip

    def spark(self, now_ms: int) -> dict[str, list[int]]:
        times = [now_ms - (SPARK_SLOTS - 1 - i) * SPARK_SECONDS * 1000 for i in range(SPARK_SLOTS)]
        rows = [self.values(at) for at in times]
        return {
            name: [round((row[METRICS.index(name)] or 0) / unit) for row in rows] for name, unit in SPARK_UNITS.items()
        }

    def summary(self, now_ms: int) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "last_seen": self.last_seen(now_ms),
            "interval_ms": INTERVAL_MS,
            "labels": self.labels,
            "tags": [],
            "simulated": self.number >= 2,
        }

    def change(self, now_ms: int) -> Json:
        return {
            "id": self.id,
            "status": self.status,
            "last_seen": self.last_seen(now_ms),
            "values": self.values(now_ms),
        }

    def fleet_row(self, now_ms: int) -> Json:
        return self.summary(now_ms) | {"values": self.values(now_ms), "spark": self.spark(now_ms)}

    def detail(self, now_ms: int) -> Json:
        return self.summary(now_ms) | {
            "first_seen": now_ms - 86_400_000,
            "boot_id": "5" * 32,
            "facts": {
                "host.arch": "amd64",
                "host.cpu.model.name": "AMD EPYC 7543P 32-Core Processor",
                "os.description": "Debian GNU/Linux 12 (bookworm)",
                "sysmon.kernel.release": "6.1.0-28-amd64",
                "service.version": "0.1.0",
            },
            "metadata": {},
            "latest": dict(zip(METRICS, self.values(now_ms), strict=True)),
            "series": [
                {"metric": "system.cpu.logical.count", "unit": "{cpu}", "kind": "gauge", "attributes": {}, "value": 8}
            ],
            "streams": [ledger_stream(self.number)],
        }


def ledger_stream(number: int) -> Json:
    missing = {"agent_down": 12} if number == 3 else {}
    total = sum(missing.values())
    return {"id": f"{number:032x}", "last": 40_000 + total, "stored": 40_000, "missing": total, "by_reason": missing}


def ledger_total(hosts: Sequence[CannedHost]) -> Json:
    streams = [ledger_stream(host.number) for host in hosts]
    reasons: dict[str, int] = {}
    for stream in streams:
        for reason, ticks in stream["by_reason"].items():
            reasons[reason] = reasons.get(reason, 0) + ticks
    return {
        "stored": sum(stream["stored"] for stream in streams),
        "missing": sum(reasons.values()),
        "by_reason": reasons,
    }


def summary(hosts: Sequence[CannedHost], now_ms: int) -> Json:
    counts = {status: sum(host.status == status for host in hosts) for status in ("up", "late", "down")}
    return counts | {"samples_per_second": len(hosts) * 120 * (0.9 + 0.2 * wave(1, now_ms, period_s=40))}


def fleet(hosts: Sequence[CannedHost], now_ms: int) -> Json:
    return {
        "now": now_ms,
        "epoch": 1,
        "metrics": list(METRICS),
        "hosts": [host.fleet_row(now_ms) for host in hosts],
        "spark_seconds": SPARK_SECONDS,
        "spark_units": SPARK_UNITS,
        "ledger": ledger_total(hosts),
        "summary": summary(hosts, now_ms),
        "next": None,
    }


def fleet_event(hosts: Sequence[CannedHost], now_ms: int) -> Json:
    return {
        "now": now_ms,
        "full": True,
        "hosts": [host.change(now_ms) for host in hosts],
        "summary": summary(hosts, now_ms),
        "ledger": ledger_total(hosts),
    }


def ledger(hosts: Sequence[CannedHost]) -> Json:
    rows = [{"id": host.id, "name": host.name, "streams": [ledger_stream(host.number)]} for host in hosts]
    spools = {"hosts": len(hosts), "ticks": 3 * len(hosts), "bytes": 1_400_000 * len(hosts)}
    return {"hosts": rows, "total": ledger_total(hosts), "spools": spools}


def compare(hosts: Sequence[CannedHost], now_ms: int) -> Json:
    units = {
        "memory_used": "By",
        "memory_limit": "By",
        "load1": "1",
        "processes": "1",
        "uptime": "s",
        "temperature": "Cel",
    }
    rows = []
    for index, metric in enumerate(METRICS):
        values = [host.values(now_ms)[index] for host in hosts]
        first = values[0]
        delta = [None if i == 0 or v is None or first is None else v - first for i, v in enumerate(values)]
        unit = units.get(metric, "By/s" if metric.startswith(("net", "disk_r", "disk_w")) else "ratio")
        rows.append({"metric": metric, "unit": unit, "attributes": {}, "values": values, "delta": delta})
    return {"hosts": [{"id": host.id, "name": host.name} for host in hosts], "rows": rows}


CHARTS: dict[str, tuple[str, dict[str, float]]] = {
    # The unit, and the size of each series' swing.
    "cpu": ("ratio", {"user": 0.4, "system": 0.12, "iowait": 0.06, "irq": 0.01, "softirq": 0.02, "steal": 0.01}),
    "cores": ("ratio", {f"cpu{n}": 0.3 + 0.08 * n for n in range(8)}),
    "load": ("1", {"1m": 4, "5m": 3.2, "15m": 2.6}),
    "memory": ("By", {"used": 3.2 * GIB, "cached": 3 * GIB, "buffers": 0.3 * GIB, "free": 1.5 * GIB}),
    "swap": ("By", {"used": 0.2 * GIB, "free": 1.8 * GIB}),
    "pressure": ("ratio", {"cpu some": 0.08, "memory some": 0.01, "io some": 0.12, "io full": 0.06}),
    "disk_io": ("By/s", {"nvme0n1 read": 4e6, "nvme0n1 write": 9e6}),
    "disk_operations": ("1/s", {"nvme0n1 read": 120, "nvme0n1 write": 480}),
    "disk_busy": ("ratio", {"nvme0n1": 0.3, "sda": 0.1}),
    "network_io": ("By/s", {"eth0 receive": 3e6, "eth0 transmit": 1.2e6}),
    "network_packets": ("1/s", {"eth0 receive": 4200, "eth0 transmit": 3100}),
    "network_errors": ("1/s", {"eth0 receive errors": 0.0, "eth0 transmit errors": 0.0, "eth0 receive dropped": 0.3}),
    "filesystem": ("ratio", {"/": 0.6, "/var": 0.8, "/home": 0.3}),
    "inodes": ("ratio", {"/": 0.1, "/var": 0.2, "/home": 0.05}),
    "temperature": ("Cel", {"Package id 0": 62.0, "nvme Composite": 44.0}),
    "processes": ("1", {"running": 3, "sleeping": 190, "idle": 80, "defunct": 1}),
    "uptime": ("s", {"uptime": 1_080_000}),
}  # fmt: skip
STEADY = {"memory", "swap", "filesystem", "inodes", "processes", "temperature", "uptime"}


def charts(host: CannedHost, from_ms: int, to_ms: int, points: int) -> Json:
    """All charts; a range of ten minutes or more has a gap after its first third."""
    step = max(INTERVAL_MS, (to_ms - from_ms) // points)
    level = {"level": level_of(step)}
    times = list(range(from_ms - from_ms % step + step, to_ms + 1, step))
    if to_ms - from_ms < 600_000:
        return level | {"t": times, "charts": chart_values(host, times), "gaps": []}
    start, end = from_ms + (to_ms - from_ms) // 3, from_ms + (to_ms - from_ms) * 5 // 12
    before, after = [at for at in times if at <= start], [at for at in times if at > end]
    times = [*before, start + 1, *after]
    gap = {"from": start, "to": end, "reason": "agent_down"}
    return level | {"t": times, "charts": chart_values(host, times, hole=start + 1), "gaps": [gap]}


def level_of(step_ms: int) -> str:
    if step_ms <= 10 * INTERVAL_MS:
        return "raw"
    return "minute" if step_ms <= 600_000 else "hour"


def chart_values(host: CannedHost, times: Sequence[int], hole: int | None = None) -> Json:
    return {
        chart: {
            "unit": unit,
            "series": [
                {
                    "name": name,
                    "values": [None if at == hole else size * swing(chart, host.number + 3 * i, at) for at in times],
                }
                for i, (name, size) in enumerate(series.items())
            ],
        }
        for chart, (unit, series) in CHARTS.items()
    }


def swing(chart: str, seed: int, at_ms: int) -> float:
    return 0.85 + 0.15 * wave(seed, at_ms) if chart in STEADY else wave(seed, at_ms)


PROGRAMS = ("postgres", "nginx", "python3", "node", "redis-server", "systemd-journald", "cron", "sshd", "rsync", "gzip")


def processes(at_ms: int) -> Json:
    rows = [process(place, name, at_ms) for place, name in enumerate(PROGRAMS)]
    return {"at": at_ms - at_ms % INTERVAL_MS, "columns": [name for name, _ in PROCESS_COLUMNS], "rows": rows}


def process(place: int, name: str, at_ms: int) -> list[str | float | None]:
    """One row; every fourth program does not let its I/O be read."""
    share = 1 / (place + 1)
    read, written = 2e6 * share * wave(place, at_ms), 5e6 * share * wave(place + 1, at_ms)
    hidden = place % 4 == 3
    return [
        1000 + 37 * place,
        name,
        "root" if place % 3 else "postgres",
        "sleeping" if place else "running",
        1.6 * share * wave(place, at_ms),
        (900 - 80 * place) * 2**20,
        None if hidden else read,
        None if hidden else written,
        4 + place,
        at_ms / 1000 - 86_400 - 5000 * place,
        f"/usr/bin/{name} --config /etc/{name}.conf",
    ]


def top_processes(from_ms: int, to_ms: int, by: str, limit: int) -> Json:
    measures = {
        "cpu": lambda row: row["cpu_seconds"],
        "memory": lambda row: row["memory_max"],
        "io": lambda row: (row["read_bytes"] or 0) + (row["written_bytes"] or 0),
    }
    rows = [top_process(place, name, from_ms, to_ms) for place, name in enumerate(PROGRAMS)]
    rows.sort(key=measures[by], reverse=True)
    return {"from": from_ms, "to": to_ms, "ticks": (to_ms - from_ms) // INTERVAL_MS, "processes": rows[:limit]}


def top_process(place: int, name: str, from_ms: int, to_ms: int) -> Json:
    """What a process used in all; every fourth program does not let its I/O be read."""
    share, seconds = 1 / (place + 1), (to_ms - from_ms) / 1000
    hidden = place % 4 == 3
    return {
        "pid": 1000 + 37 * place,
        "name": name,
        "user": "root" if place % 3 else "postgres",
        "command": f"/usr/bin/{name} --config /etc/{name}.conf",
        "started": from_ms / 1000 - 86_400 - 5000 * place,
        "first": from_ms + place * 1000,
        "last": to_ms - place * 1000,
        "cpu_seconds": 0.8 * share * seconds,
        "cpu_max": 1.6 * share,
        "memory_max": (900 - 80 * place) * 2**20,
        "read_bytes": None if hidden else 2e6 * share * seconds,
        "written_bytes": None if hidden else 5e6 * share * seconds,
    }
