"""Made-up answers of the API of identity, for states that a real aggregator does not show on demand."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from tests.support.canned_fleet import CannedHost

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LIFE = 48 * HOUR
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"

Json = dict[str, Any]


def fingerprint(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass
class CannedIdentity:
    """What there is; a test takes things away or adds some before the console asks."""

    now_ms: int
    hosts: list[CannedHost]
    role: str = "admin"
    user: str | None = "ada"
    intact: bool = True
    enrolments: list[Json] = field(default_factory=list)
    tokens: list[Json] = field(default_factory=list)
    certificates: list[Json] = field(default_factory=list)
    users: list[Json] = field(default_factory=list)
    sessions: list[Json] = field(default_factory=list)
    api_tokens: list[Json] = field(default_factory=list)
    entries: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        now, hosts = self.now_ms, self.hosts
        self.enrolments = [
            enrolment("e1", "db-9", now - 4 * MINUTE, reason="approval", labels={"env": "prod", "role": "db"}),
            enrolment("e2", "web-1", now - 2 * HOUR, reason="replace", replaces=hosts[0]),
            enrolment("e3", "cache-2", now - 9 * SECOND, reason="clone", replaces=hosts[7]),
        ]
        self.tokens = [
            join_token("t1", now - 10 * MINUTE, uses=20, left=17, labels={"role": "web"}),
            join_token("t2", now - 20 * MINUTE, uses=1, left=1, replace=hosts[3]),
            join_token("t3", now - 30 * MINUTE, uses=500, left=498, approval=True),
            join_token("t4", now - 2 * DAY, uses=1, left=0, state="used_up"),
            join_token("t5", now - 3 * DAY, uses=5, left=5, state="expired"),
        ]
        self.certificates = [certificate(host, now) for host in hosts]
        self.users = [
            user("ada", "admin", now - 90 * DAY, last=now - HOUR),
            user("grace", "operator", now - 40 * DAY, last=now - 3 * DAY),
            user("linus", "viewer", now - 2 * HOUR, invited=True),
            user("mallory", "viewer", now - 80 * DAY, last=now - 60 * DAY, disabled=True),
        ]
        self.sessions = [
            open_session("s1", "ada", now - HOUR, CHROME, current=True),
            open_session("s2", "ada", now - 5 * DAY, FIREFOX),
            open_session("s3", "grace", now - 3 * DAY, FIREFOX),
            open_session("s4", None, now - 20 * MINUTE, CHROME),
        ]
        self.api_tokens = [
            api_token("a1", "backup", "viewer", now),
            api_token("a3", "deploy", "operator", now, owner="grace"),
        ]
        self.entries = audit_entries(now)

    def session(self) -> Json:
        return {
            "signed_in": True,
            "via": "user" if self.user else "link",
            "name": self.user or "root",
            "role": self.role,
            "user": self.user,
            "expires": self.now_ms + DAY,
        }

    def certificates_page(self, state: str | None, host: str | None) -> Json:
        chosen = [
            each
            for each in self.certificates
            if (state is None or each["state"] == state) and (host is None or each["subject"] == host)
        ]
        return {
            "issuer": signer("issuing eu-1 2026", self.now_ms + 340 * DAY),
            "authority": [signer("SysMonitor root 2026", self.now_ms + 3640 * DAY)],
            "aggregator": {"serial": fingerprint("aggregator")[:32], "expires": self.now_ms + 31 * HOUR},
            "certificates": chosen,
            "next": None,
        }

    def rotation(self) -> Json:
        return {
            "authority": [signer("SysMonitor root 2026", self.now_ms + 3640 * DAY)],
            "by_issuer": [{"issuer": "issuing eu-1 2026", "valid": len(self.certificates)}],
            "without_newest_root": 0,
        }

    def audit_page(self, asked: dict[str, str]) -> Json:
        """A page of the entries that match, the newest first."""
        chosen = [
            entry
            for entry in self.entries
            if all(entry[name] == asked[name] for name in ("actor", "action", "target") if name in asked)
            and entry["number"] < int(asked.get("after", 10**9))
        ]
        limit = int(asked.get("limit", 100))
        page = chosen[:limit]
        return {"entries": page, "next": page[-1]["number"] if len(chosen) > limit else None}

    def verification(self) -> Json:
        fault = {"number": 17, "problem": "its hash is not that of its content"}
        return {
            "intact": self.intact,
            "entries": len(self.entries),
            "head": self.entries[0]["hash"],
            "fault": None if self.intact else fault,
        }


def signer(name: str, expires_ms: int) -> Json:
    return {"name": name, "fingerprint": fingerprint(name), "expires": expires_ms}


def host_name(host: CannedHost | None) -> Json | None:
    return None if host is None else {"id": host.id, "name": host.name}


def enrolment(
    key: str,
    name: str,
    at_ms: int,
    *,
    reason: str,
    replaces: CannedHost | None = None,
    labels: dict[str, str] | None = None,
) -> Json:
    return {
        "id": key,
        "name": name,
        "address": f"10.20.0.{len(name) * 7}",
        "requested": at_ms,
        "reason": reason,
        "replaces": host_name(replaces),
        "token": "" if reason == "clone" else "t3",
        "labels": labels or {},
        "public_key": fingerprint(key + name),
        "state": "waiting",
        "host": None,
    }


def join_token(
    key: str,
    at_ms: int,
    *,
    uses: int,
    left: int,
    state: str = "usable",
    labels: dict[str, str] | None = None,
    approval: bool = False,
    replace: CannedHost | None = None,
) -> Json:
    return {
        "id": fingerprint(key)[:12],
        "created": at_ms,
        "created_by": "user:ada",
        "expires": at_ms + (HOUR if state != "usable" else 8 * HOUR),
        "uses": uses,
        "uses_left": left,
        "labels": labels or {},
        "approval": approval,
        "replace": host_name(replace),
        "state": state,
    }


def certificate(host: CannedHost, now_ms: int) -> Json:
    """The certificate of a host: one host in eleven did not renew, one in thirteen expired or was shut out."""
    age = 44 * HOUR if host.number % 11 == 5 else (host.number * 7 % 31) * HOUR
    state, reason, revoked = "valid", "", None
    if host.number % 13 == 12:
        age, state = 50 * HOUR, "expired"
    if host.number == 20:
        state, reason, revoked = "revoked", "stolen from the rack", now_ms - 3 * DAY
    issued = now_ms - age
    return {
        "serial": fingerprint(host.name)[:32],
        "role": "agent",
        "subject": host.id,
        "name": host.name,
        "issuer": "issuing eu-1 2026",
        "issued": issued,
        "expires": issued + LIFE,
        "renew_at": issued + LIFE * 2 // 3,
        "state": state,
        "revoked": revoked,
        "reason": reason,
    }


def user(
    name: str, role: str, created_ms: int, *, last: int | None = None, disabled: bool = False, invited: bool = False
) -> Json:
    return {
        "name": name,
        "role": role,
        "created": created_ms,
        "last_signed_in": last,
        "disabled": disabled,
        "invited": invited,
    }


def open_session(key: str, name: str | None, started_ms: int, agent: str, *, current: bool = False) -> Json:
    return {
        "id": key,
        "user": name,
        "via": "user" if name else "link",
        "name": name or "root",
        "origin": "192.0.2.17" if name else "127.0.0.1",
        "agent": agent,
        "started": started_ms,
        "last_used": started_ms + 10 * MINUTE,
        "expires": started_ms + 30 * DAY,
        "current": current,
    }


def api_token(key: str, name: str, role: str, now_ms: int, *, owner: str = "ada") -> Json:
    return {
        "id": key,
        "name": name,
        "role": role,
        "owner": owner,
        "created": now_ms - DAY,
        "expires": now_ms + 30 * DAY,
        "last_used": None,
    }


CHANGES: tuple[tuple[str, str, str, Json | None, Json | None], ...] = (
    ("user:grace", "enrolment.approve", "db-8", {"state": "waiting"}, {"state": "approved"}),
    ("user:ada", "user.change", "grace", {"role": "viewer"}, {"role": "operator"}),
    ("socket:root", "token.create", "c1f0a9d27b34", None, {"labels": {"role": "web"}, "uses": 20}),
    ("user:ada", "certificate.revoke", "queue-5", None, {"reason": "stolen from the rack"}),
    ("agent:web-3", "host.enrol", "web-3", None, {"labels": {"env": "prod"}, "token": "c1f0a9d27b34"}),
    ("user:ada", "user.remove", "eve", {"disabled": True, "role": "viewer"}, None),
)


def audit_entries(now_ms: int, amount: int = 63) -> list[Json]:
    """Entries, the newest first."""
    return [audit_entry(number, now_ms - (amount - number) * 37 * MINUTE) for number in range(amount, 0, -1)]


def audit_entry(number: int, time_ms: int) -> Json:
    actor, action, target, before, after = CHANGES[number % len(CHANGES)]
    return {
        "number": number,
        "time": time_ms,
        "actor": actor,
        "origin": "" if actor.startswith("socket") else "192.0.2.17",
        "action": action,
        "target": target,
        "before": before,
        "after": after,
        "hash": fingerprint(str(number)),
    }
