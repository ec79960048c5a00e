"""Waiting for an aggregator to lead, across the moment at which servers end and begin anew."""

import threading
from collections.abc import Callable
from typing import Any

from sysmon_agent.clock import Clock
from sysmon_agent.errors import AnswerError
from sysmon_appliance.cli.client import Client
from sysmon_appliance.errors import ConflictError, UnreachableError

_HA = "/api/v1/ha"
_LOOK_SECONDS = 0.3
_PATIENCE_SECONDS = 180.0
"""Longer than a standby takes to restore the largest live database that one should have."""

_SETTLING_SECONDS = 10.0
"""For so long an order may be unknown where a status comes from: it travels through Consul."""


def first_leader(client: Client, clock: Clock) -> Any:
    """Return the state of the region once somebody leads.

    Raises
    ------
    UnreachableError
        Nobody does in time.
    """
    return _awaited(client, clock, lambda state, _: state["leader"] is not None and state["blocked"] is None)


def next_leader(client: Client, clock: Clock, ordered: Any) -> Any:
    """Return the state of the region once another aggregator leads than the one that was asked to hand over.

    Raises
    ------
    ConflictError
        The same one goes on leading.
    UnreachableError
        Nobody leads in time.
    """

    def is_done(state: Any, seconds: float) -> bool:
        leader = state["leader"]
        if leader is not None and leader["epoch"] > ordered["epoch"]:
            return True
        if leader is not None and state["handoff"] is None and seconds > _SETTLING_SECONDS:
            raise ConflictError(f"{leader['node']} goes on leading: the handoff was given up.", hint="sysmon ha status")
        return False

    return _awaited(client, clock, is_done)


def _awaited(client: Client, clock: Clock, is_done: Callable[[Any, float], bool]) -> Any:
    never = threading.Event()
    began = clock.monotonic()
    while (seconds := clock.monotonic() - began) < _PATIENCE_SECONDS:
        state = _state(client)
        if state is not None and is_done(state, seconds):
            return state
        never.wait(_LOOK_SECONDS)
    raise UnreachableError("No aggregator has begun to lead in time.", hint="sysmon ha status")


def _state(client: Client) -> Any:
    """Return what an aggregator says; None while it says nothing, for its servers end with its role."""
    try:
        return client.get(_HA)
    except UnreachableError:
        return None
    except AnswerError as error:
        if error.status < 500:
            raise
        return None
