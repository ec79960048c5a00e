"""What the leader knew is known to the next one: hosts, people, the audit log and history survive a kill -9."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.clock import SystemClock
from tests.support.clusters.aggregators import AggregatorNode, Aggregators, highly_available
from tests.support.clusters.browser import Browser
from tests.support.clusters.ticking import TickingAgent, past, seal, ticking
from tests.support.joining_commands import Host
from tests.support.operators import Operator
from tests.support.system import eventually

pytestmark = [pytest.mark.fault, pytest.mark.timeout(420)]

PATIENCE = 120.0
PASSWORD, CHANGED = "seven wet herons at noon", "nine dry herons at dusk"
SHORTER = {"raw_days": 10}


@dataclass(frozen=True, slots=True)
class Hosts:
    """Two hosts that joined with one token, one of which was shut out, and the tokens that there are."""

    good: Host
    revoked: Host
    token: str  # one use is left
    revoked_token: str


@dataclass(frozen=True, slots=True)
class Alice:
    """Somebody who has changed her password, and is signed in since; a program of hers has a token."""

    cookie: str
    api_token: str


@dataclass(frozen=True, slots=True)
class History:
    """What the leader told of a stretch of time that is in segments, and of series."""

    from_ms: int
    to_ms: int
    past: Any
    series: Any


@dataclass(frozen=True, slots=True)
class Takeover:
    """A region whose leader was killed, and what was so before."""

    region: Aggregators
    agent: TickingAgent
    old: AggregatorNode
    folder: Path
    hosts: Hosts
    alice: Alice
    history: History
    audit: Sequence[Mapping[str, Any]]  # the newest first

    @property
    def leader(self) -> AggregatorNode:
        return self.region.settle()


@pytest.fixture(scope="module")
def takeover(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Takeover]:
    """Let a leader work, and kill it; standbys have other rules of retention, and no segment on their disk."""
    folder = tmp_path_factory.mktemp("over")
    with highly_available(folder) as region, ticking(region, folder / "agent") as agent:
        old, began_ms = region.settle(), SystemClock().wall_ms()
        agent.is_served(old)
        hosts, alice = joined(old, folder), signed_in(old)
        to_ms = seal(old)
        history = History(began_ms, to_ms, past(old, began_ms, to_ms), series(old))
        region.configure(retention=SHORTER)
        for standby in [node for node in region.nodes if node is not old]:
            empty(standby)
        assert region.settle() is old
        audit = entries(old)
        old.kill()
        eventually(lambda: region.leader() not in {None, old}, "another leads", PATIENCE)
        empty(old)
        yield Takeover(region, agent, old, folder, hosts, alice, history, audit)


def joined(leader: AggregatorNode, folder: Path) -> Hosts:
    operator = operator_of(leader)
    token, other = operator.token("--uses", "3"), operator.token()
    good, revoked = (Host(folder / name) for name in ("good", "revoked"))
    for host in (good, revoked):
        done = host.run("enroll", text=token)
        assert done.returncode == 0, done.stderr
    newest = operator.listed("certs", "list")[0]["subject"]
    operator("hosts", "revoke", newest, "--reason", "sold", "--yes")
    operator("token", "revoke", operator.listed("token", "list")[0]["id"])
    return Hosts(good, revoked, token, other)


def signed_in(leader: AggregatorNode) -> Alice:
    link = leader.ask("POST", "/api/v1/users", {"name": "alice", "role": "admin"})["invitation"]
    browser = Browser(leader)
    path = f"/api/v1/invitations/{link.rpartition('/')[2]}"
    assert browser.ask("POST", path, {"password": PASSWORD})[0] == 200
    assert browser.sign_in("alice", PASSWORD) == 200
    assert browser.ask("PUT", "/api/v1/password", {"current": PASSWORD, "new": CHANGED})[0] == 200
    assert browser.sign_in("alice", CHANGED) == 200
    wanted = {"name": "script", "role": "viewer", "expires_seconds": 3600}
    _, made = browser.ask("POST", "/api/v1/api-tokens", wanted)
    return Alice(browser.headers["cookie"], made["secret"])


def empty(node: AggregatorNode) -> None:
    """Start an aggregator anew, with its newest settings and without any segment on its disk."""
    if node.running:
        assert node.stop() == 0
    shutil.rmtree(node.folder / "segments", ignore_errors=True)
    node.start()


def test_a_token_goes_on_counting(takeover: Takeover) -> None:
    """A token lets in as many hosts as it had left, and neither it nor a revoked one lets in more."""
    assert takeover.leader is not takeover.old
    third, fourth, fifth = (Host(takeover.folder / name) for name in ("third", "fourth", "fifth"))
    done = third.run("enroll", text=takeover.hosts.token)
    assert done.returncode == 0, done.stderr
    assert "token_used_up" in fourth.run("enroll", text=takeover.hosts.token).stderr
    assert "token_revoked" in fifth.run("enroll", text=takeover.hosts.revoked_token).stderr


def test_a_revoked_host_stays_out_and_others_renew(takeover: Takeover) -> None:
    """The next leader refuses the key that was shut out, and renews others with an issuer of its own."""
    leader = takeover.leader
    assert "certificate_revoked" in takeover.hosts.revoked.run("renew").stderr
    done = takeover.hosts.good.run("renew")
    assert done.returncode == 0, done.stderr
    assert f" {leader.name} " in operator_of(leader).listed("certs", "list")[0]["issuer"]


def test_people_stay_signed_in(takeover: Takeover) -> None:
    """A cookie and an API token from before are taken at every aggregator, and so is the newest password alone."""
    alice = takeover.alice
    takeover.region.settle()
    for node in takeover.region.nodes:
        eventually(partial(shows_history, node, takeover.history), f"{node.name} is up to date", PATIENCE)
        for headers in ({"cookie": alice.cookie}, {"authorization": f"Bearer {alice.api_token}"}):
            assert Browser(node, **headers).ask("GET", "/api/v1/fleet")[0] == 200
        assert Browser(node).sign_in("alice", PASSWORD) == 401
        assert Browser(node).sign_in("alice", CHANGED) == 200


def test_the_audit_log_holds_together(takeover: Takeover) -> None:
    """All entries from before are there, and what came since is chained to them."""
    leader = takeover.leader
    leader.ask("POST", "/api/v1/users", {"name": "bob", "role": "viewer"})
    assert entries(leader)[-len(takeover.audit) :] == takeover.audit
    assert leader.ask("GET", "/api/v1/audit/verify")["intact"]


def test_every_aggregator_tells_the_past(takeover: Takeover) -> None:
    """What was sealed before is read from the object store, also where no segment was on the disk."""
    takeover.region.settle()
    for node in takeover.region.nodes:
        eventually(partial(shows_history, node, takeover.history), f"{node.name} tells of the past", PATIENCE)


def test_series_and_rules_of_retention_are_remembered(takeover: Takeover) -> None:
    """The next leader knows since when a series is there, and that other rules of retention held before its own."""
    leader = takeover.leader
    assert series(leader) == takeover.history.series
    told = leader.ask("GET", "/api/v1/storage")
    assert told["changed"] is not None
    assert told["rules"][0]["raw_days"] == SHORTER["raw_days"]


def test_no_tick_is_lost(takeover: Takeover) -> None:
    """The agent goes on by itself, and the next leader has every tick once."""
    takeover.agent.is_served(takeover.leader)
    sealed = takeover.history.to_ms
    told = past(takeover.leader, takeover.history.from_ms, SystemClock().wall_ms())
    assert not told["gaps"]
    assert max(told["t"]) > sealed


def shows_history(node: AggregatorNode, history: History) -> bool:
    return bool(past(node, history.from_ms, history.to_ms) == history.past)


def entries(node: AggregatorNode) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = node.ask("GET", "/api/v1/audit?limit=100")["entries"]
    return found


def series(node: AggregatorNode) -> Any:
    """Say of each series what it is and since when it is there."""
    rows = node.ask("GET", "/api/v1/series?limit=500")["series"]
    return sorted((row["metric"], sorted(row["attributes"].items()), row["first"]) for row in rows)


def operator_of(node: AggregatorNode) -> Operator:
    return Operator(node.folder / "s.sock")
