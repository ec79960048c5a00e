"""Requests to join: all of them, and what operators decide about those that wait.

All of it runs on the event loop.
"""

from collections.abc import Sequence
from dataclasses import replace

from sysmon_agent.clock import Clock
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.enrolment import IdentityState, JoinRequest, RequestState, SaveRequest
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.errors import ConflictError, NotFoundError
from sysmon_appliance.services.settling import Settling, commit


class JoinRequests:
    """The requests to join of a region."""

    def __init__(self, state: IdentityState, barrier: Barrier, clock: Clock) -> None:
        self.settling: Settling[JoinRequest] = Settling({})
        self.reload(state)
        self._barrier = barrier
        self._clock = clock

    def reload(self, state: IdentityState) -> None:
        """Know the requests of a state, and no others."""
        self.settling.lasting = {request.id: request for request in state.requests}

    def all(self, state: RequestState | None = None) -> Sequence[JoinRequest]:
        """List requests, the oldest first: all, or those of one state."""
        chosen = [one for one in self.settling.lasting.values() if state in {None, one.state}]
        return sorted(chosen, key=lambda request: (request.requested_ms, request.id))

    async def approve(self, request_id: str, principal: Principal) -> JoinRequest:
        """Let a waiting host in when it asks next; approving it again changes nothing.

        Raises
        ------
        NotFoundError
            There is no such request.
        ConflictError
            It was rejected.
        """
        request = self._find(request_id)
        if request.state is RequestState.REJECTED:
            raise ConflictError("This request was rejected; the host has to ask anew.", hint="sysmon token create")
        if request.state is not RequestState.WAITING:
            return request
        return await self._decide(request, RequestState.APPROVED, principal, "enrolment.approve")

    async def reject(self, request_id: str, principal: Principal) -> JoinRequest:
        """Turn a waiting host away, or one that was approved and has not come back yet.

        Raises
        ------
        NotFoundError
            There is no such request.
        ConflictError
            The host is in already.
        """
        request = self._find(request_id)
        if request.host_id:
            raise ConflictError("This host is enrolled already.", hint="sysmon certs list")
        if request.state is RequestState.REJECTED:
            return request
        return await self._decide(request, RequestState.REJECTED, principal, "enrolment.reject")

    def _find(self, request_id: str) -> JoinRequest:
        request = self.settling.judged(request_id)
        if request is None:
            raise NotFoundError(f"There is no enrolment {request_id!r}.", hint="sysmon enrolments list")
        return request

    async def _decide(
        self, request: JoinRequest, state: RequestState, principal: Principal, action: str
    ) -> JoinRequest:
        now_ms = self._clock.wall_ms()
        decided = replace(request, state=state, decided_ms=now_ms)
        entry = audited(principal, action, request.id, now_ms=now_ms, after=recorded(request))
        await commit(self._barrier, (SaveRequest(decided), entry), self.settling.accept(decided.id, decided))
        return decided


def recorded(request: JoinRequest) -> dict[str, object]:
    """Return a request for the audit log."""
    return {
        "name": request.name,
        "address": request.address,
        "reason": str(request.reason),
        "about": request.about,
        "public_key": request.public_key,
        "labels": dict(request.labels),
    }
