"""Errors that the aggregator's answers and commands show, on the agent's family.

    SysmonError
    ├── NotFoundError, BadRequestError, MethodNotAllowedError,      what was asked for
    │   ConflictError, TooManyError, IdempotencyConflictError
    ├── SignInError, ForbiddenError, WrongHostError,                who asks
    │   BadCredentialsError
    ├── UserExistsError, LastAdminError, WeakPasswordError          changes of users
    ├── StorageError, AuditBrokenError, AuthorityExistsError,       the aggregator's own state
    │   UnreachableError, SegmentDamagedError,
    │   SegmentVersionError, StoreUnreachableError, CopyLostError
    └── RefusedError                                                with a time to wait, where waiting helps
        ├── NeedSchemaError, NeedHelloError, UnexpectedTickError,   what an agent sends
        │   UnsupportedProtocolError, TooManySeriesError
        ├── BadIdentityError, ClonedIdentityError,                  as whom it sends
        │   CertificateRequiredError, ExpiredCertificateError,
        │   RevokedCertificateError
        ├── TokenUnknownError, TokenForeignError,                   a host that wants to be let in
        │   TokenExpiredError, TokenUsedUpError,
        │   TokenRevokedError, EnrolmentRejectedError,
        │   TooManyHostsError
        ├── BadCsrError, NoIssuerError                              what is to be signed
        ├── TooManyWatchersError, LockedOutError, RateLimitedError  too much at one time
        │   └── TooManyRequestsError                                too often
        ├── StorageFullError, StorageFailedError                    a commit that failed
        └── NotLeaderError, FencedError, NotDurableError,           several aggregators, of which one leads
            CoordinatorUnreachableError, ReplicaUnreachableError,
            ReplicaBrokenError

docs/reference/errors.md lists the codes; web/problems.py has the status with which each travels over HTTP.
"""

import math
from collections.abc import Sequence

from sysmon_agent.errors import ExitCode, SysmonError


class NotFoundError(SysmonError):
    """The host, metric or page that was asked for does not exist."""

    code = "not_found"
    exit_code = ExitCode.NOT_FOUND


class BadRequestError(SysmonError):
    """The request cannot be answered as it stands."""

    code = "bad_request"
    exit_code = ExitCode.USAGE


class MethodNotAllowedError(SysmonError):
    """The route exists, and not with this method."""

    code = "method_not_allowed"


class ConflictError(SysmonError):
    """What was asked for contradicts what is there, or what was decided before."""

    code = "conflict"
    exit_code = ExitCode.CONFLICT


class TooManyError(SysmonError):
    """There are as many of these as there may be."""

    code = "too_many"
    exit_code = ExitCode.CONFLICT


class IdempotencyConflictError(SysmonError):
    """A key that stands for one request came with another."""

    code = "idempotency_conflict"
    exit_code = ExitCode.CONFLICT


class SignInError(SysmonError):
    """The request needs a session and has none."""

    code = "sign_in"
    exit_code = ExitCode.PERMISSION


class ForbiddenError(SysmonError):
    """The request is understood, and not allowed."""

    code = "forbidden"
    exit_code = ExitCode.PERMISSION


class WrongHostError(SysmonError):
    """The request names a host that this listener does not serve."""

    code = "wrong_host"


class BadCredentialsError(SysmonError):
    """User and password do not belong together."""

    code = "bad_credentials"
    exit_code = ExitCode.PERMISSION


class UserExistsError(SysmonError):
    """There is a user of that name already."""

    code = "user_exists"
    exit_code = ExitCode.CONFLICT


class LastAdminError(SysmonError):
    """Nobody would be left who may decide about users."""

    code = "last_admin"
    exit_code = ExitCode.CONFLICT


class WeakPasswordError(SysmonError):
    """The new password is too easily guessed."""

    code = "weak_password"
    exit_code = ExitCode.USAGE


class StorageError(SysmonError):
    """The live database cannot be used."""

    code = "storage"


class SegmentDamagedError(SysmonError):
    """A segment is not what the manifest says."""

    code = "segment_damaged"


class SegmentVersionError(SysmonError):
    """A segment was written by a later release."""

    code = "segment_version"


class StoreUnreachableError(SysmonError):
    """The object store cannot be asked."""

    code = "store_unreachable"
    exit_code = ExitCode.UNREACHABLE


class AuditBrokenError(SysmonError):
    """The audit log does not hold together."""

    code = "audit_broken"


class AuthorityExistsError(SysmonError):
    """There is an authority already, and making another would end what trusts it."""

    code = "authority_exists"
    exit_code = ExitCode.CONFLICT


class UnreachableError(SysmonError):
    """The aggregator does not answer."""

    code = "unreachable"
    exit_code = ExitCode.UNREACHABLE


class CopyLostError(SysmonError):
    """The copy that a standby follows is of no use any more: a fresh one has to be restored."""

    code = "copy_lost"


class RefusedError(SysmonError):
    """Something that is not taken, from an agent or from people; the code tells them what to do next."""

    code = "refused"
    retry_after_seconds = 0  # 0: no pause is asked for


class NeedSchemaError(RefusedError):
    """The batch refers to a schema that was never sent."""

    code = "need_schema"


class NeedHelloError(RefusedError):
    """The connection does not own the stream: it said no hello, or another one said hello since."""

    code = "need_hello"


class UnexpectedTickError(RefusedError):
    """The batch does not continue its stream."""

    code = "unexpected_tick"

    def __init__(self, *, expected: int) -> None:
        super().__init__(f"The stream continues with tick {expected}.")
        self.expected = expected


class UnsupportedProtocolError(RefusedError):
    """The agent speaks a version of the protocol that this aggregator does not."""

    code = "unsupported_protocol"


class TooManySeriesError(RefusedError):
    """The ticks have more series that are new to their host than it may begin."""

    code = "too_many_series"


class BadIdentityError(RefusedError):
    """The certificate does not entitle its holder to push."""

    code = "bad_identity"


class ClonedIdentityError(RefusedError):
    """Two agents use one certificate."""

    code = "cloned_identity"
    retry_after_seconds = 60


class CertificateRequiredError(RefusedError):
    """The route answers to agents that show their certificate."""

    code = "certificate_required"


class ExpiredCertificateError(RefusedError):
    """The certificate has expired; within a time it can still be renewed."""

    code = "certificate_expired"


class RevokedCertificateError(RefusedError):
    """The certificate's key does not speak for the host any more."""

    code = "certificate_revoked"


class TokenUnknownError(RefusedError):
    """There is no join token of that id, or its secret is another."""

    code = "token_unknown"


class TokenForeignError(RefusedError):
    """The join token is of another region."""

    code = "token_foreign"


class TokenExpiredError(RefusedError):
    """The join token was good until some time ago."""

    code = "token_expired"


class TokenUsedUpError(RefusedError):
    """The join token has let in as many hosts as it was made for."""

    code = "token_used_up"


class TokenRevokedError(RefusedError):
    """The join token was withdrawn."""

    code = "token_revoked"


class EnrolmentRejectedError(RefusedError):
    """An operator does not let this host in."""

    code = "enrolment_rejected"


class TooManyHostsError(RefusedError):
    """The region has as many hosts as it may have."""

    code = "too_many_hosts"


class BadCsrError(RefusedError):
    """A signing request is malformed, or asks for what it may not have."""

    code = "bad_csr"


class NoIssuerError(RefusedError):
    """No intermediate is here that could sign certificates now."""

    code = "no_issuer"
    retry_after_seconds = 60


class RateLimitedError(RefusedError):
    """More was asked for than the aggregator does at one time."""

    code = "rate_limited"
    retry_after_seconds = 5


class TooManyRequestsError(RateLimitedError):
    """Somebody asks more often than a limit allows."""

    def __init__(self, message: str, wait_seconds: float) -> None:
        super().__init__(message, hint="sysmon-aggregator config show --effective")
        self.retry_after_seconds = max(1, math.ceil(wait_seconds))


class TooManyWatchersError(RefusedError):
    """There are as many open event streams as there may be."""

    code = "too_many_watchers"
    retry_after_seconds = 10


class LockedOutError(RefusedError):
    """There were too many failed attempts to sign in from this address."""

    code = "locked_out"

    def __init__(self, pause_seconds: int) -> None:
        super().__init__(
            f"There were too many failed attempts from this address; the next may come in {pause_seconds} s.",
            hint="sysmon users invite NAME",
        )
        self.retry_after_seconds = pause_seconds


class StorageFullError(RefusedError):
    """There was no room to commit."""

    code = "storage_full"
    retry_after_seconds = 15


class StorageFailedError(RefusedError):
    """The commit failed for another reason than room."""

    code = "storage_failed"
    retry_after_seconds = 5


class NotLeaderError(RefusedError):
    """The aggregator does not lead, so it takes nothing; `leader` is who does, as HOST:PORT, or an empty string."""

    code = "not_leader"

    def __init__(self, message: str, *, hint: str = "", leader: str = "", aggregators: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.leader = leader
        self.aggregators = tuple(aggregators)


class FencedError(NotLeaderError):
    """The aggregator led, and another leads now, or may."""


class LeaderUnreachableError(RefusedError):
    """Nobody leads, or whoever does cannot be asked; whether what was asked for happened may not be known."""

    code = "leader_unreachable"
    retry_after_seconds = 2


class NotReadyError(RefusedError):
    """The aggregator has nothing to show yet."""

    code = "not_ready"
    retry_after_seconds = 2


class NotDurableError(RefusedError):
    """The change is committed here, and it is not certain yet that it survives."""

    code = "not_durable"
    retry_after_seconds = 5


class CoordinatorUnreachableError(RefusedError):
    """Consul does not answer, or refuses; whether what was asked for happened is not known."""

    code = "coordinator_unreachable"
    retry_after_seconds = 5


class ReplicaUnreachableError(RefusedError):
    """Litestream, or the store behind it, does not answer."""

    code = "replica_unreachable"
    retry_after_seconds = 5


class ReplicaBrokenError(RefusedError):
    """The replica does not hold what it must, or what it holds is damaged; never replaced by something older."""

    code = "replica_broken"
