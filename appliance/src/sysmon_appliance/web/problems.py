"""Errors as HTTP shows them: problem documents (RFC 9457), for agents and for the console alike.

Every error of the product has a code; this table gives each its status and title, and docs/reference/errors.md has a
line for each.
"""

import json
from dataclasses import dataclass

from starlette.responses import Response

from sysmon_agent.errors import SysmonError
from sysmon_appliance.errors import NotLeaderError, RefusedError, UnexpectedTickError

MEDIA_TYPE = "application/problem+json"
_TYPE = "https://sysmonitor.invalid/errors/"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """What all problems of one code have in common."""

    status: int
    title: str


PROBLEMS: dict[str, ProblemType] = {
    # Answers to agents.
    "need_schema": ProblemType(409, "The schema is not known here"),
    "need_hello": ProblemType(409, "This connection does not own the stream"),
    "unexpected_tick": ProblemType(409, "The batch does not continue its stream"),
    "cloned_identity": ProblemType(409, "Two agents use one identity"),
    "unsupported_protocol": ProblemType(400, "The protocol version is not supported"),
    "malformed_message": ProblemType(400, "The message cannot be read"),
    "too_many_series": ProblemType(400, "The host begins too many new series"),
    "oversized_message": ProblemType(413, "The message is too large"),
    "bad_identity": ProblemType(403, "The certificate does not entitle to this"),
    "certificate_required": ProblemType(403, "Only enrolment answers without a certificate"),
    "certificate_expired": ProblemType(403, "The certificate has expired"),
    "certificate_revoked": ProblemType(403, "The certificate was revoked"),
    "token": ProblemType(400, "The text is no join token"),
    "token_unknown": ProblemType(403, "There is no such join token"),
    "token_foreign": ProblemType(403, "The join token is of another region"),
    "token_expired": ProblemType(403, "The join token has expired"),
    "token_used_up": ProblemType(403, "The join token is used up"),
    "token_revoked": ProblemType(403, "The join token was revoked"),
    "enrolment_rejected": ProblemType(403, "An operator does not let this host in"),
    "too_many_hosts": ProblemType(403, "The region is full"),
    "no_issuer": ProblemType(503, "This aggregator signs no certificates"),
    "bad_csr": ProblemType(400, "The signing request is not acceptable"),
    "rate_limited": ProblemType(429, "Too much at one time"),
    "storage_full": ProblemType(507, "There is no room to store this"),
    "storage_failed": ProblemType(503, "Storing failed"),
    "not_leader": ProblemType(421, "Another aggregator leads"),
    "leader_unreachable": ProblemType(503, "No aggregator takes changes at this moment"),
    "not_ready": ProblemType(503, "This aggregator has nothing to show yet"),
    "not_durable": ProblemType(503, "It is stored, and not certain to last yet"),
    "coordinator_unreachable": ProblemType(503, "Consul cannot be asked"),
    "replica_unreachable": ProblemType(503, "The replica cannot be reached"),
    "replica_broken": ProblemType(503, "The replica does not hold what it must"),
    # Answers to people and their programs.
    "bad_request": ProblemType(400, "The request cannot be answered as it stands"),
    "sign_in": ProblemType(401, "No session"),
    "forbidden": ProblemType(403, "Not allowed"),
    "not_found": ProblemType(404, "Not found"),
    "conflict": ProblemType(409, "It was decided otherwise"),
    "method_not_allowed": ProblemType(405, "The route has no such method"),
    "wrong_host": ProblemType(421, "The request is for another host"),
    "too_many_watchers": ProblemType(503, "Too many pages are watching"),
    "bad_credentials": ProblemType(401, "User and password do not belong together"),
    "locked_out": ProblemType(429, "Too many failed attempts to sign in"),
    "weak_password": ProblemType(400, "The password is too easily guessed"),
    "user_exists": ProblemType(409, "There is a user of that name already"),
    "last_admin": ProblemType(409, "Nobody would be left who may decide about users"),
    "too_many": ProblemType(409, "There are as many as there may be"),
    "identity": ProblemType(409, "What is in place cannot be used"),
    "idempotency_conflict": ProblemType(409, "The key stands for another request"),
    "storage": ProblemType(503, "The place where history is kept cannot be used"),
    "store_unreachable": ProblemType(503, "The object store cannot be asked"),
    "internal": ProblemType(500, "The aggregator failed to answer"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document, ready to be written to a connection."""

    status: int
    body: bytes
    retry_after_seconds: int = 0

    @property
    def headers(self) -> dict[str, str]:
        headers = {"content-type": MEDIA_TYPE}
        if self.retry_after_seconds:
            headers["retry-after"] = str(self.retry_after_seconds)
        return headers


def problem_of(error: SysmonError) -> Problem:
    """Describe an error as a problem document; a code that the table lacks is an internal error."""
    code = error.code if error.code in PROBLEMS else "internal"
    kind = PROBLEMS[code]
    document: dict[str, str | int | list[str]] = {
        "type": _TYPE + code,
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "detail": error.message,
        "hint": error.hint,
    }
    if isinstance(error, UnexpectedTickError):
        document["expected"] = error.expected
    if isinstance(error, NotLeaderError):
        document |= {"leader": error.leader, "aggregators": list(error.aggregators)}
    pause = error.retry_after_seconds if isinstance(error, RefusedError) else 0
    return Problem(kind.status, json.dumps(document).encode(), pause)


def problem_response(error: SysmonError) -> Response:
    """Answer with the problem document of an error."""
    problem = problem_of(error)
    return Response(problem.body, problem.status, problem.headers)
