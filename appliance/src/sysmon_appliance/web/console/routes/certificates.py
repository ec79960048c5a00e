"""Certificates of agents, and what they hang from."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, islice

import msgspec
from starlette.responses import Response

from sysmon_appliance.domain.authorities import Authority, Standing
from sysmon_appliance.domain.identities import Certificate, CertificateState
from sysmon_appliance.errors import BadRequestError
from sysmon_appliance.services.hosts import HostName
from sysmon_appliance.web.console.api import ApiRoute, Call, json_response
from sysmon_appliance.web.console.parameters import Parameter

MAX_LISTED = 1000
_MAX_REASON = 200


class AuthorityView(msgspec.Struct, frozen=True):
    """A root or an intermediate; `fingerprint` is the SHA-256 of its DER."""

    name: str
    fingerprint: str
    expires: int


class OwnCertificate(msgspec.Struct, frozen=True):
    serial: str
    expires: int


class CertificateView(msgspec.Struct, frozen=True):
    """`subject` is the host's id, `revoked` is null where it is not, and `reason` is why it was."""

    serial: str
    role: str
    subject: str
    name: str
    issuer: str
    issued: int
    expires: int
    renew_at: int
    state: CertificateState
    revoked: int | None
    reason: str


class CertificatePage(msgspec.Struct, frozen=True):
    """`issuer` is null where this aggregator signs nothing; `authority` has the newest root first."""

    issuer: AuthorityView | None
    authority: list[AuthorityView]
    aggregator: OwnCertificate
    certificates: list[CertificateView]
    next: str | None


class RevocationReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: str = ""


class RevokedHost(msgspec.Struct, frozen=True):
    host: HostName
    revoked: int
    reason: str


class RevokedIssuer(msgspec.Struct, frozen=True):
    issuer: str


class RotationWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `agents`, they are asked to renew their certificates within ten minutes."""

    agents: bool = False


class RotationView(msgspec.Struct, frozen=True):
    asked: int
    issuer: AuthorityView | None
    aggregator: OwnCertificate


class IssuerShare(msgspec.Struct, frozen=True):
    issuer: str
    valid: int


class RotationProgress(msgspec.Struct, frozen=True):
    """`without_newest_root` counts hosts that were not told of the newest root yet."""

    authority: list[AuthorityView]
    by_issuer: list[IssuerShare]
    without_newest_root: int


async def list_certificates(call: Call) -> Response:
    standing = call.control.identity.rotation.own.standing()
    page, following = _page(call)
    return json_response(
        CertificatePage(
            issuer=_issuer(standing),
            authority=[_authority(root) for root in standing.roots],
            aggregator=OwnCertificate(standing.serial, standing.expires_ms),
            certificates=[_view(call, certificate) for certificate in page],
            next=following,
        )
    )


async def show(call: Call) -> Response:
    certificate = call.control.identity.identities.on_record(call.request.path_params["serial"])
    return json_response(_view(call, certificate))


async def revoke(call: Call) -> Response:
    serial, reason = call.request.path_params["serial"], _reason(call)
    return json_response(_view(call, await call.control.identity.revocation.revoke(serial, reason, call.principal)))


async def revoke_host(call: Call) -> Response:
    identity, reason = call.control.identity, _reason(call)
    host_id = identity.hosts.find(call.request.path_params["id"])
    host = HostName(host_id, identity.hosts.name(host_id))
    revoked = await identity.revocation.revoke_host(host.id, host.name, reason, call.principal)
    return json_response(RevokedHost(host, revoked.revoked_ms, revoked.reason))


async def revoke_issuer(call: Call) -> Response:
    issuer, reason = call.request.path_params["name"], _reason(call)
    await call.control.identity.revocation.revoke_issuer(issuer, reason, call.principal)
    return json_response(RevokedIssuer(issuer))


async def rotate(call: Call) -> Response:
    wanted: RotationWish = call.body
    rotation = call.control.identity.rotation
    asked = await rotation.rotate(call.principal, agents=wanted.agents)
    standing = rotation.own.standing()
    own = OwnCertificate(standing.serial, standing.expires_ms)
    return json_response(RotationView(asked, _issuer(standing), own))


async def show_rotation(call: Call) -> Response:
    rotation = call.control.identity.rotation
    progress = rotation.progress()
    return json_response(
        RotationProgress(
            authority=[_authority(root) for root in rotation.own.standing().roots],
            by_issuer=[IssuerShare(issuer, valid) for issuer, valid in sorted(progress.by_issuer.items())],
            without_newest_root=progress.without_newest_root,
        )
    )


def _page(call: Call) -> tuple[Sequence[Certificate], str | None]:
    """Choose the certificates that are asked for, and say where the next page begins."""
    chosen = _after(call.given.optional("cursor"), _wanted(call))
    limit = call.given.integer("limit", 100)
    page = list(islice(chosen, limit + 1))
    return page[:limit], page[limit - 1].serial if len(page) > limit else None


def _wanted(call: Call) -> Iterable[Certificate]:
    identities, now_ms = call.control.identity.identities, call.side.clock.wall_ms()
    host, state = call.given.optional("host"), call.given.optional("state")
    of_host = identities.of_host(call.control.identity.hosts.find(host)) if host else identities.certificates()
    newest_first = reversed(list(of_host))
    return (one for one in newest_first if state is None or identities.state(one, now_ms) == state)


def _after(cursor: str | None, certificates: Iterable[Certificate]) -> Iterator[Certificate]:
    """Skip what was on the pages before."""
    if cursor is None:
        return iter(certificates)
    rest = dropwhile(lambda certificate: certificate.serial != cursor, certificates)
    if next(rest, None) is None:
        raise BadRequestError("The cursor is of a certificate that is no longer in the list.", hint="sysmon certs list")
    return rest


def _reason(call: Call) -> str:
    wanted: RevocationReason = call.body
    if len(wanted.reason) > _MAX_REASON or not wanted.reason.isprintable():
        raise BadRequestError(f"A reason has at most {_MAX_REASON} printable characters.")
    return wanted.reason


def _issuer(standing: Standing) -> AuthorityView | None:
    return _authority(standing.issuer) if standing.issuer is not None else None


def _authority(authority: Authority) -> AuthorityView:
    return AuthorityView(authority.name, authority.fingerprint, authority.expires_ms)


def _view(call: Call, certificate: Certificate) -> CertificateView:
    identity = call.control.identity
    return CertificateView(
        serial=certificate.serial,
        role=certificate.role,
        subject=certificate.host_id,
        name=identity.hosts.name(certificate.host_id),
        issuer=certificate.issuer,
        issued=certificate.issued_ms,
        expires=certificate.expires_ms,
        renew_at=certificate.renew_at_ms,
        state=identity.identities.state(certificate, call.side.clock.wall_ms()),
        revoked=certificate.revoked_ms or None,
        reason=certificate.reason,
    )


ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/certificates",
        "Certificates of agents, the newest first, and what they hang from.",
        list_certificates,
        CertificatePage,
        (
            Parameter("host", "A host's id, the beginning of it, or its name."),
            Parameter("state", "Only those of this state.", choices=tuple(CertificateState)),
            Parameter("limit", "Certificates on a page. Default: 100.", at_least=1, at_most=MAX_LISTED),
            Parameter("cursor", "`next` of the page before."),
        ),
        problems=("not_found",),
    ),
    # Before the route of one certificate, which would take "rotation" for a serial number.
    ApiRoute(
        "GET", "/api/v1/certificates/rotation", "How far a rotation is, in hosts.", show_rotation, RotationProgress
    ),
    ApiRoute(
        "POST",
        "/api/v1/certificates/rotate",
        "Take roots and intermediate as they are on disk now into use, and renew the aggregator's own certificates.",
        rotate,
        RotationView,
        body=RotationWish,
        problems=("identity", "no_issuer"),
    ),
    ApiRoute(
        "GET",
        "/api/v1/certificates/{serial}",
        "One certificate.",
        show,
        CertificateView,
        problems=("not_found",),
    ),
    ApiRoute(
        "POST",
        "/api/v1/certificates/{serial}/revoke",
        "Shut out the key of a certificate, and with it every certificate that its host has.",
        revoke,
        CertificateView,
        body=RevocationReason,
        problems=("not_found",),
    ),
    ApiRoute(
        "POST",
        "/api/v1/hosts/{id}/revoke",
        "Shut out a host: none of its certificates counts any more, and none can be renewed.",
        revoke_host,
        RevokedHost,
        body=RevocationReason,
        problems=("not_found",),
    ),
    ApiRoute(
        "POST",
        "/api/v1/issuers/{name}/revoke",
        "Shut out every host whose certificate an intermediate has signed, because somebody else has its key.",
        revoke_issuer,
        RevokedIssuer,
        body=RevocationReason,
    ),
)
