"""How a host is let in: with a token, or with the certificate of a host that it is a copy of.

A request to join is named by its token and its key. Whoever sends the same again, because the answer was lost or an
operator has yet to decide, goes on with the request that is there: nothing is counted or created twice.

    with a token ──► let in at once
                └──► waiting ──► approved ──► let in, when the agent asks again
    with a certificate ─┘   └──► rejected

All of it runs on the event loop.
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sysmon_agent.clock import Clock
from sysmon_agent.wire.messages import Attributes
from sysmon_appliance.config import EnrolmentSettings
from sysmon_appliance.domain.audit import AppendAudit, audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.certificates import Presented
from sysmon_appliance.domain.changes import Change, Settle
from sysmon_appliance.domain.enrolment import (
    JoinRequest,
    KnownToken,
    Reason,
    RequestState,
    SaveRequest,
    SaveToken,
    request_id,
)
from sysmon_appliance.domain.identities import Identity, RevokeCertificates, SaveCertificate, SaveIdentity
from sysmon_appliance.domain.principals import Kind, Principal, Role
from sysmon_appliance.domain.times import shown
from sysmon_appliance.errors import (
    ConflictError,
    EnrolmentRejectedError,
    RateLimitedError,
    TooManyHostsError,
)
from sysmon_appliance.services.certificates import Certificates, Granted
from sysmon_appliance.services.join_requests import JoinRequests, recorded
from sysmon_appliance.services.join_tokens import JoinTokens
from sysmon_appliance.services.settling import commit

MAX_WAITING = 1000
"""Requests that wait for an operator at one time, so that whoever has a token cannot fill the disk."""

MAX_WAITING_COPIES = 4
"""Of them, copies of one host."""

RETRY_SECONDS = 5
"""How long an agent waits before it asks again whether it was let in."""

REPLACED = "replaced"
"""The reason with which the certificates of a host are revoked that another machine takes the place of."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who wants to be let in, as far as they say so themselves."""

    request: bytes  # the signing request, PEM
    name: str
    address: str  # that they come from


@dataclass(frozen=True, slots=True)
class Waiting:
    """An operator has to decide; ask again later."""

    request: JoinRequest
    retry_after_seconds: int = RETRY_SECONDS


class Enrolment:
    """Lets hosts in.

    Parameters
    ----------
    find_host
        Returns the host_id of a host by id, prefix or name; raises NotFoundError and BadRequestError.
    """

    def __init__(
        self,
        requests: JoinRequests,
        tokens: JoinTokens,
        certificates: Certificates,
        barrier: Barrier,
        *,
        clock: Clock,
        find_host: Callable[[str], str],
        settings: EnrolmentSettings,
    ) -> None:
        self._requests = requests
        self._tokens = tokens
        self._certificates = certificates
        self._identities = certificates.identities
        self._barrier = barrier
        self._clock = clock
        self._find_host = find_host
        self._max_hosts = settings.max_hosts

    async def enrol(self, text: str, applicant: Applicant, *, replace_host: str = "") -> Granted | Waiting:
        """Let in whoever brings a token.

        `replace_host` is the host whose place they want to take; a token that is bound to one needs none.

        Raises
        ------
        TokenError, RefusedError
            The token or the signing request is no good, an operator said no, or there is no room.
        NotFoundError, BadRequestError
            There is no such host to replace, or there are several.
        """
        token = self._tokens.recognise(text)
        public_key = self._certificates.issuer.public_key(applicant.request)
        known = self._requests.settling.judged(request_id(token.id, public_key))
        if known is not None:
            return await self._go_on(known, applicant)
        used = self._tokens.used_once_more(token)
        about = self._find_host(replace_host) if replace_host else token.replaces
        reason = Reason.APPROVAL if token.approval else Reason.NONE
        if about != token.replaces:
            reason = Reason.REPLACE
        request = self._new(applicant, public_key, token=token.id, reason=reason, about=about, labels=token.labels)
        if reason is Reason.NONE:
            return await self._admit(request, applicant, used)
        return await self._wait(request, used)

    async def re_enrol(self, holder: Presented, applicant: Applicant) -> Granted | Waiting:
        """Give a copy of a host an identity of its own, with a key of its own, once an operator agrees.

        Raises
        ------
        RefusedError
            The signing request is no good, an operator said no, or too many copies wait already.
        """
        public_key = self._certificates.issuer.public_key(applicant.request)
        if public_key == holder.public_key:
            raise ConflictError("A copy of a host needs a key of its own.", hint="sysmon-agent renew --clone")
        known = self._requests.settling.judged(request_id("", public_key))
        if known is not None:
            return await self._go_on(known, applicant)
        about = holder.peer.id
        copies = [
            one for one in self._requests.settling.all_judged() if one.about == about and one.reason is Reason.CLONE
        ]
        if sum(one.state is RequestState.WAITING for one in copies) >= MAX_WAITING_COPIES:
            raise RateLimitedError("Copies of this host wait to be approved already.", hint="sysmon enrolments list")
        labels = self._identities.labels(about)
        request = self._new(applicant, public_key, token="", reason=Reason.CLONE, about=about, labels=labels)
        return await self._wait(request, None)

    def _new(
        self, applicant: Applicant, public_key: str, *, token: str, reason: Reason, about: str, labels: Attributes
    ) -> JoinRequest:
        return JoinRequest(
            id=request_id(token, public_key),
            token=token,
            public_key=public_key,
            name=applicant.name,
            address=applicant.address,
            reason=reason,
            about=about,
            labels=labels,
            state=RequestState.WAITING,
            requested_ms=self._clock.wall_ms(),
        )

    async def _go_on(self, request: JoinRequest, applicant: Applicant) -> Granted | Waiting:
        """Answer whoever asks again."""
        match request.state:
            case RequestState.WAITING:
                return Waiting(request)
            case RequestState.REJECTED:
                raise EnrolmentRejectedError("An operator rejected this host.", hint="sysmon enrolments list")
            case RequestState.APPROVED if request.host_id:
                return await self._grant_again(request, applicant)
            case RequestState.APPROVED:
                return await self._admit(request, applicant, None)

    async def _wait(self, request: JoinRequest, used: KnownToken | None) -> Waiting:
        waiting = sum(map(self._may_come_in, self._requests.settling.all_judged()))
        if waiting >= MAX_WAITING:
            raise RateLimitedError(f"{waiting} hosts wait to be approved.", hint="sysmon enrolments list")
        await self._save(request, used, self._entry(request, "enrolment.wait", request.id))
        _log.info("A host waits to be approved.", extra={"enrolment": request.id, "reason": str(request.reason)})
        return Waiting(request)

    def _may_come_in(self, request: JoinRequest) -> bool:
        """Whether a request waits to some purpose: whoever asks with a token that was revoked gets no further."""
        token = self._tokens.settling.judged(request.token)
        return request.state is RequestState.WAITING and not (token is not None and token.revoked_ms)

    async def _admit(self, request: JoinRequest, applicant: Applicant, used: KnownToken | None) -> Granted:
        """Give a host its identity: its own, or that of the host whose place it takes."""
        now_ms = self._clock.wall_ms()
        taken = "" if request.reason is Reason.CLONE else request.about
        self._check_room(taken)
        self._check_allowed(request, taken)
        host_id = taken or secrets.token_hex(16)
        before = self._identities.judged(host_id)
        labels = request.labels or (before.labels if before else ())
        identity = Identity(host_id, request.name, request.public_key, labels, now_ms)
        enrolled = replace(
            request, state=RequestState.APPROVED, decided_ms=request.decided_ms or now_ms, host_id=host_id
        )
        granted = self._certificates.sign(applicant.request, identity)
        await self._save(
            enrolled,
            used,
            self._entry(enrolled, "host.replace" if taken else "host.enrol", host_id),
            SaveIdentity(identity),
            RevokeCertificates(host_id, now_ms, REPLACED),
            SaveCertificate(granted.certificate),
            settles=(
                self._identities.settling.accept(host_id, identity),
                self._identities.revoking(host_id, revoked_ms=now_ms, reason=REPLACED),
                self._identities.keeping(granted.certificate),
            ),
        )
        self._certificates.check_key(host_id, request.public_key)
        _log.info("A host was enrolled.", extra={"host_id": host_id, "host_name": request.name})
        return granted

    async def _grant_again(self, request: JoinRequest, applicant: Applicant) -> Granted:
        """Answer an agent that did not hear that it was let in."""
        self._certificates.check_key(request.host_id, request.public_key)
        identity = self._identities.judged(request.host_id)
        assert identity is not None  # noqa: S101 - a request is enrolled together with its identity, and none ever goes
        return await self._certificates.issue(applicant.request, identity)

    def _check_room(self, taken: str) -> None:
        known = self._identities.judged(taken)
        if (known is None or known.revoked_ms) and self._identities.let_in >= self._max_hosts:
            raise TooManyHostsError(
                f"The region has {self._max_hosts} hosts, as many as it may.",
                hint="sysmon-aggregator run --set enrolment.max_hosts=N",
            )

    def _check_allowed(self, request: JoinRequest, taken: str) -> None:
        """Refuse to give back a host that was shut out after somebody had been allowed to take its place."""
        host, token = self._identities.judged(taken), self._tokens.settling.judged(request.token)
        allowed_ms = request.decided_ms or (token.created_ms if token else 0)
        if host is not None and host.revoked_ms > allowed_ms:
            raise EnrolmentRejectedError(
                f"The host was shut out at {shown(host.revoked_ms)}, after its replacement had been allowed.",
                hint="sysmon token create --replace HOST",
            )

    async def _save(
        self,
        request: JoinRequest,
        used: KnownToken | None,
        *changes: Change,
        settles: Sequence[Settle] = (),
    ) -> None:
        """Commit a request together with what it brings, and with the token that it uses."""
        spent = [] if used is None else [used]
        await commit(
            self._barrier,
            (SaveRequest(request), *map(SaveToken, spent), *changes),
            self._requests.settling.accept(request.id, request),
            *(self._tokens.settling.accept(token.id, token) for token in spent),
            *settles,
        )

    def _entry(self, request: JoinRequest, action: str, target: str) -> AppendAudit:
        """Record what an agent does by itself; it is named by its token, or by the host that it is a copy of."""
        agent = Principal(Kind.AGENT, request.token or request.about, Role.VIEWER, request.address)
        return audited(agent, action, target, now_ms=self._clock.wall_ms(), after=recorded(request))
