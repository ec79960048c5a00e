"""Waiting for an aggregator to lead."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sysmon_agent.errors import AnswerError
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.ha_waiting import first_leader, next_leader
from sysmon_appliance.errors import ConflictError, UnreachableError
from tests.support.clock import ManualClock
from tests.support.console_server import ConsoleServer, console_server

HA = "/api/v1/ha"
ORDERED = {"to": "agg-2", "epoch": 7}


class HurriedClock(ManualClock):
    """A clock on which some seconds pass whenever somebody looks at it."""

    def __init__(self, step_seconds: float) -> None:
        super().__init__()
        self._step_seconds = step_seconds

    def monotonic(self) -> float:
        self.advance(self._step_seconds)
        return super().monotonic()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[ConsoleServer]:
    with console_server(tmp_path / "s.sock") as console:
        yield console


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with Client(tmp_path / "s.sock") as client:
        yield client


def led(name: str | None, epoch: int = 7, **changes: Any) -> dict[str, Any]:
    leader = {"node": name, "epoch": epoch} if name else None
    return {"leader": leader, "handoff": None, "blocked": None} | changes


def test_the_next_leader_has_a_higher_epoch(console: ConsoleServer, client: Client) -> None:
    """Neither the old leader nor a moment without one is what is waited for."""
    console.answer_in_turn(HA, [led("agg-1", handoff=ORDERED), led(None), led("agg-2", 8)])
    assert next_leader(client, ManualClock(), ORDERED)["leader"]["node"] == "agg-2"


def test_a_handoff_that_was_given_up_is_told(console: ConsoleServer, client: Client) -> None:
    """Where the same one goes on leading and no order is known any more, that is the end of it."""
    console.answer(HA, led("agg-1"))
    with pytest.raises(ConflictError, match="agg-1 goes on leading"):
        next_leader(client, HurriedClock(6), ORDERED)


def test_an_order_may_take_its_time_to_be_known(console: ConsoleServer, client: Client) -> None:
    """In the first seconds, a status without the order says nothing."""
    console.answer_in_turn(HA, [led("agg-1"), led("agg-2", 8)])
    assert next_leader(client, ManualClock(), ORDERED)["leader"]["epoch"] == 8


def test_an_aggregator_that_cannot_answer_yet_is_asked_again(console: ConsoleServer, client: Client) -> None:
    """While roles change, 503 is no answer; a refusal is one."""
    console.problem(HA, "not_leader", 503, detail="Not yet.")
    with pytest.raises(UnreachableError, match="in time"):
        first_leader(client, HurriedClock(60))
    console.problem(HA, "forbidden", 403, detail="No.")
    with pytest.raises(AnswerError, match="No"):
        first_leader(client, HurriedClock(60))


def test_an_aggregator_that_is_gone_is_asked_again(tmp_path: Path) -> None:
    """A socket that nobody listens at may be listened at soon."""
    with Client(tmp_path / "nothing.sock") as client, pytest.raises(UnreachableError, match="in time"):
        first_leader(client, HurriedClock(60))


def test_a_node_that_waits_for_a_person_does_not_lead(console: ConsoleServer, client: Client) -> None:
    """A decision that was given is not yet one that was carried out."""
    console.answer_in_turn(HA, [led("agg-1", blocked={"code": "database_found"}), led("agg-1")])
    assert first_leader(client, ManualClock())["blocked"] is None
