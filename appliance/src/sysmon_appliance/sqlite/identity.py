"""Hosts' identities in the live database: how each change is written, and all of them read back."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any

import apsw

from sysmon_agent.wire.messages import Attributes
from sysmon_appliance.domain.changes import Change
from sysmon_appliance.domain.enrolment import (
    ForgetRequests,
    ForgetTokens,
    IdentityState,
    JoinRequest,
    KnownToken,
    Reason,
    RequestState,
    SaveRequest,
    SaveToken,
)
from sysmon_appliance.domain.identities import (
    AskForRenewal,
    Certificate,
    ForgetCertificates,
    Identity,
    RevokeCertificates,
    RevokeIssuer,
    SaveCertificate,
    SaveIdentity,
)

_SAVE_TOKEN = """
INSERT OR REPLACE INTO join_tokens
    (id, secret_hash, created_ms, created_by, expires_ms, uses, used, labels, approval, replaces, revoked_ms)
VALUES
    (:id, :secret_hash, :created_ms, :created_by, :expires_ms, :uses, :used, :labels, :approval, :replaces, :revoked_ms)
"""  # noqa: S105 - a statement
_SAVE_REQUEST = """
INSERT OR REPLACE INTO enrolments
    (id, token, public_key, name, address, reason, about, labels, state, requested_ms, decided_ms, host_id)
VALUES
    (:id, :token, :public_key, :name, :address, :reason, :about, :labels, :state, :requested_ms, :decided_ms, :host_id)
"""
_SAVE_IDENTITY = """
INSERT OR REPLACE INTO identities (host_id, name, public_key, labels, enrolled_ms, revoked_ms, reason)
VALUES (:host_id, :name, :public_key, :labels, :enrolled_ms, :revoked_ms, :reason)
"""
_SAVE_CERTIFICATE = """
INSERT OR REPLACE INTO certificates
    (serial, role, host_id, name, issuer, public_key, root, issued_ms, expires_ms, revoked_ms, reason)
VALUES
    (:serial, :role, :host_id, :name, :issuer, :public_key, :root, :issued_ms, :expires_ms, :revoked_ms, :reason)
"""
_REVOKE_CERTIFICATES = """
UPDATE certificates SET revoked_ms = :revoked_ms, reason = :reason WHERE host_id = :host_id AND revoked_ms = 0
"""
_REVOKE_ISSUER = """
INSERT OR IGNORE INTO revoked_issuers (name, revoked_ms, reason) VALUES (:name, :revoked_ms, :reason)
"""
_ASK_FOR_RENEWAL = "INSERT OR REPLACE INTO meta (name, value) VALUES ('renew_before_ms', :before_ms)"
_FORGET_TOKEN = "DELETE FROM join_tokens WHERE id = :id"  # noqa: S105 - a statement
_FORGET_REQUEST = "DELETE FROM enrolments WHERE id = :id"
_FORGET_CERTIFICATE = "DELETE FROM certificates WHERE serial = :id"

_TOKENS = """
SELECT id, secret_hash, created_ms, created_by, expires_ms, uses, used, labels, approval, replaces, revoked_ms
FROM join_tokens ORDER BY created_ms, id
"""
_REQUESTS = """
SELECT id, token, public_key, name, address, reason, about, labels, state, requested_ms, decided_ms, host_id
FROM enrolments ORDER BY requested_ms, id
"""
_IDENTITIES = """
SELECT host_id, name, public_key, labels, enrolled_ms, revoked_ms, reason FROM identities ORDER BY enrolled_ms, host_id
"""
_CERTIFICATES = """
SELECT serial, role, host_id, name, issuer, public_key, root, issued_ms, expires_ms, revoked_ms, reason
FROM certificates ORDER BY issued_ms, serial
"""
_REVOKED_ISSUERS = "SELECT name FROM revoked_issuers"
_RENEW_BEFORE = "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'renew_before_ms'"

Row = tuple[Any, ...]


def load_identity(connection: apsw.Connection) -> IdentityState:
    """Read all that is known of tokens, requests, identities and certificates."""
    return IdentityState(
        tokens=[_token(row) for row in connection.execute(_TOKENS)],
        requests=[_request(row) for row in connection.execute(_REQUESTS)],
        identities=[_identity(row) for row in connection.execute(_IDENTITIES)],
        certificates=[Certificate(*row) for row in connection.execute(_CERTIFICATES)],
        revoked_issuers=[name for (name,) in connection.execute(_REVOKED_ISSUERS)],
        renew_before_ms=connection.execute(_RENEW_BEFORE).get or 0,
    )


def _token(row: Row) -> KnownToken:
    cells = _named(KnownToken, row)
    return KnownToken(**cells | {"labels": _labels(cells["labels"]), "approval": bool(cells["approval"])})


def _request(row: Row) -> JoinRequest:
    cells = _named(JoinRequest, row)
    read = {
        "reason": Reason(cells["reason"]),
        "labels": _labels(cells["labels"]),
        "state": RequestState(cells["state"]),
    }
    return JoinRequest(**cells | read)


def _identity(row: Row) -> Identity:
    cells = _named(Identity, row)
    return Identity(**cells | {"labels": _labels(cells["labels"])})


def _named(kind: type[KnownToken | JoinRequest | Identity], row: Row) -> dict[str, Any]:
    """Give the cells of a row, which has the fields of `kind` in order, their names."""
    return dict(zip((field.name for field in fields(kind)), row, strict=True))


def _labels(text: str) -> Attributes:
    return tuple((key, value) for key, value in json.loads(text))


def _row(value: KnownToken | JoinRequest | Identity | Certificate) -> dict[str, Any]:
    """Return a value's fields as a statement takes them."""
    row = {field.name: getattr(value, field.name) for field in fields(value)}
    return row | ({"labels": json.dumps(row["labels"])} if "labels" in row else {})


def _save_token(connection: apsw.Connection, change: SaveToken) -> None:
    connection.execute(_SAVE_TOKEN, _row(change.token))


def _save_request(connection: apsw.Connection, change: SaveRequest) -> None:
    connection.execute(_SAVE_REQUEST, _row(change.request))


def _save_identity(connection: apsw.Connection, change: SaveIdentity) -> None:
    connection.execute(_SAVE_IDENTITY, _row(change.identity))


def _save_certificate(connection: apsw.Connection, change: SaveCertificate) -> None:
    connection.execute(_SAVE_CERTIFICATE, _row(change.certificate))


def _revoke_certificates(connection: apsw.Connection, change: RevokeCertificates) -> None:
    connection.execute(_REVOKE_CERTIFICATES, asdict(change))


def _revoke_issuer(connection: apsw.Connection, change: RevokeIssuer) -> None:
    connection.execute(_REVOKE_ISSUER, asdict(change))


def _ask_for_renewal(connection: apsw.Connection, change: AskForRenewal) -> None:
    connection.execute(_ASK_FOR_RENEWAL, {"before_ms": str(change.before_ms)})


def _forget(connection: apsw.Connection, statement: str, ids: Sequence[str]) -> None:
    connection.executemany(statement, ({"id": one} for one in ids))


APPLY: dict[type[Change], Callable[[apsw.Connection, Any], None]] = {
    SaveToken: _save_token,
    SaveRequest: _save_request,
    SaveIdentity: _save_identity,
    SaveCertificate: _save_certificate,
    RevokeCertificates: _revoke_certificates,
    RevokeIssuer: _revoke_issuer,
    AskForRenewal: _ask_for_renewal,
    ForgetTokens: lambda connection, change: _forget(connection, _FORGET_TOKEN, change.ids),
    ForgetRequests: lambda connection, change: _forget(connection, _FORGET_REQUEST, change.ids),
    ForgetCertificates: lambda connection, change: _forget(connection, _FORGET_CERTIFICATE, change.serials),
}
