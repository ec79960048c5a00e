"""A proof of life in Consul for this process: a service, a check on it that runs out, and a session bound to both.

The session ends when the check does, some three seconds after this process was last heard of; when Consul finds the
machine gone (`serfHealth`); and in any case when it is not renewed for twice its own time. The check is of this process
alone: one that starts again under the same name removes its predecessor's check, and with it the predecessor's session.
"""

import logging
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sysmon_agent.clock import Clock
from sysmon_agent.config.addresses import parse_address
from sysmon_appliance.consul.names import AGGREGATOR_SERVICE
from sysmon_appliance.domain.leadership import Node, Role
from sysmon_appliance.errors import CoordinatorUnreachableError

_log = logging.getLogger(__name__)

CHECK_SECONDS = 3
SESSION_SECONDS = 10  # the least that Consul takes
LOCK_DELAY_SECONDS = 2
BEAT_SECONDS = 1.0

_LEADER_TAG, _STANDBY_TAG = "leader", "standby"
_STAMP_SECONDS = 2.0
_HURRY_SECONDS = 0.25  # between attempts at a session, where none is
_CLOSING_SECONDS = 5.0
_GONE_AFTER = "24h"  # until then whoever looks sees that an aggregator is missing

# Renewing says that Consul's leader knows the session, at that moment. Only if it finds this machine gone can it end
# before the check does: that takes some four seconds of suspicion, and the lock rests for two more.
_RENEWAL_SECONDS = 5.0


class Agent(Protocol):
    """What is asked of Consul here; see ConsulClient."""

    def register(self, service: Mapping[str, Any]) -> None: ...

    def deregister(self, service_id: str) -> None: ...

    def pass_check(self, check_id: str) -> bool: ...

    def create_session(self, session: Mapping[str, Any]) -> str: ...

    def renew_session(self, session_id: str) -> bool: ...

    def destroy_session(self, session_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Proof:
    """A session, and until when it cannot have passed to anybody else."""

    id: str = ""
    until: float = 0.0


class ConsulSession:
    """See domain.leadership.Session. `id` is what a coordinator acts as.

    Parameters
    ----------
    client
        For nothing but this; its time-out must be well below the time of the check.
    """

    def __init__(
        self,
        client: Agent,
        node: Node,
        clock: Clock,
        *,
        region: str,
    ) -> None:
        self._client = client
        self._node = node
        self._clock = clock
        self._region = region
        self._service_id = f"{AGGREGATOR_SERVICE}-{region}-{node.name}"
        self._check_id = f"{self._service_id}-{secrets.token_hex(4)}"
        self._proof = _Proof()
        self._stamped = clock.monotonic()
        self._trouble = "Consul was not asked yet."
        self._tag, self._registered_tag = _STANDBY_TAG, ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="consul-session", daemon=True)

    def start(self) -> None:
        self.stamp()
        self._thread.start()

    def stamp(self) -> None:
        self._stamped = self._clock.monotonic()

    def announce(self, role: Role) -> None:
        self._tag = _LEADER_TAG if role is Role.LEADER else _STANDBY_TAG

    @property
    def id(self) -> str:
        """The session; empty where there is none."""
        return self._proof.id

    @property
    def lease_until(self) -> float:
        return self._proof.until

    @property
    def trouble(self) -> str:
        return self._trouble

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSING_SECONDS)
        session, self._proof = self._proof.id, _Proof()
        with suppress(CoordinatorUnreachableError):  # then it ends by itself
            if session:
                self._client.destroy_session(session)
            self._client.deregister(self._service_id)

    def _run(self) -> None:
        while not self._closing.is_set():
            began = self._clock.monotonic()
            self.beat()
            rest = (BEAT_SECONDS if self.id else _HURRY_SECONDS) - (self._clock.monotonic() - began)
            self._closing.wait(max(0.0, rest))

    def beat(self) -> None:
        """Prove once that this process is alive, if it is."""
        if self._clock.monotonic() - self._stamped > _STAMP_SECONDS:
            self._trouble = "This process is too busy to answer, so it does not prove that it is alive."
            return
        try:
            self._prove()
            self._trouble = ""
        except CoordinatorUnreachableError as error:
            self._trouble = error.message
        except Exception:  # noqa: BLE001 - without this thread the aggregator could never lead again
            self._trouble = "It cannot be proved to Consul that this process is alive; the log says why."
            _log.exception("A beat has failed.")

    def _prove(self) -> None:
        # Read before anything is sent: what Consul counts from is later, whatever happens to us in between.
        passed = self._clock.monotonic()
        if self._tag != self._registered_tag or not self._client.pass_check(self._check_id):
            self._register()
        if self._proof.id and not self._renew(passed):
            _log.warning("The session with Consul has ended.", extra={"session": self._proof.id})
            self._proof = _Proof()
        if not self._proof.id:
            self._create(passed)

    def _register(self) -> None:
        tag = self._tag
        self._client.register(self._service(tag))
        self._registered_tag = tag

    def _renew(self, passed: float) -> bool:
        session, sent = self._proof.id, self._clock.monotonic()
        if not self._client.renew_session(session):
            return False
        self._proof = _Proof(session, _lease(passed, sent))
        return True

    def _create(self, passed: float) -> None:
        sent = self._clock.monotonic()
        session = self._client.create_session(
            {
                "Name": self._service_id,
                "NodeChecks": ["serfHealth"],
                "ServiceChecks": [{"ID": self._check_id}],
                "TTL": f"{SESSION_SECONDS}s",
                "LockDelay": f"{LOCK_DELAY_SECONDS}s",
                "Behavior": "release",
            }
        )
        self._proof = _Proof(session, _lease(passed, sent))
        _log.info("A session with Consul was made.", extra={"session": session})

    def _service(self, tag: str) -> Mapping[str, Any]:
        address = parse_address(self._node.ingest)
        return {
            "ID": self._service_id,
            "Name": AGGREGATOR_SERVICE,
            "Address": address.host,
            "Port": address.port,
            "Tags": [tag],
            "Meta": {"region": self._region, "node": self._node.name, "console": self._node.console},
            "Check": {
                "CheckID": self._check_id,
                "Name": "SysMonitor's aggregator is alive",
                "TTL": f"{CHECK_SECONDS}s",
                "Status": "passing",
                "DeregisterCriticalServiceAfter": _GONE_AFTER,
            },
        }


def _lease(passed: float, renewed: float) -> float:
    return min(passed + CHECK_SECONDS, renewed + _RENEWAL_SECONDS)
