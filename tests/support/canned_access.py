"""The routes of identity over canned answers: changes change them, so that the console shows what came of a click."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.support.canned_identity import DAY, CannedIdentity, Json, api_token, join_token, user

Answer = Json | Response
Handler = Callable[[Request, Json], Answer]

INVITATION = "invitation-1"
SECRET = "sysmon1.eyJpIjoiYzFmMGE5ZDI3YjM0IiwicyI6InNlY3JldCJ9AAAA"
API_SECRET = "smapi_a2_secret"


@dataclass(frozen=True)
class Refusal:
    """The answer to a change that a test wants to see refused."""

    status: int
    code: str
    detail: str
    hint: str = ""
    retry_after: int = 0

    def response(self) -> Response:
        document = {
            "title": self.detail,
            "detail": self.detail,
            "status": self.status,
            "code": self.code,
            "hint": self.hint,
        }
        headers = {"retry-after": str(self.retry_after)} if self.retry_after else {}
        return JSONResponse(document, self.status, headers, media_type="application/problem+json")


class CannedAccess:
    """What a test turns: `refusal`, where set, answers every change; `on_sign_in` happens when somebody signs in.

    `changes` are those that were asked for, as method, path and body.
    """

    def __init__(self, identity: CannedIdentity) -> None:
        self.identity = identity
        self.refusal: Refusal | None = None
        self.on_sign_in: Callable[[], None] = lambda: None
        self.changes: list[tuple[str, str, Any]] = []

    async def answer(self, request: Request, handler: Handler) -> Answer:
        if request.method == "GET":
            return handler(request, {})
        body: Json = await request.json() if await request.body() else {}
        self.changes.append((request.method, request.url.path.removeprefix("/api/v1/"), body))
        return self.refusal.response() if self.refusal else handler(request, body)

    def reads(self) -> dict[str, Handler]:
        canned = self.identity
        return {
            "/session": lambda *_: canned.session(),
            "/sessions": lambda *_: {"sessions": canned.sessions},
            "/users": lambda *_: {"users": canned.users},
            "/api-tokens": lambda *_: {"api_tokens": canned.api_tokens},
            "/tokens": lambda *_: {"tokens": canned.tokens},
            "/enrolments": lambda *_: {"enrolments": canned.enrolments},
            "/certificates": self._certificates,
            "/certificates/rotation": lambda *_: canned.rotation(),
            "/audit": lambda request, _: canned.audit_page(dict(request.query_params)),
            "/audit/verify": lambda *_: canned.verification(),
            "/audit/export": lambda *_: PlainTextResponse('{"number":1}\n', media_type="application/x-ndjson"),
            "/invitations/{token}": self._invitation,
        }

    def writes(self) -> dict[tuple[str, str], Handler]:
        canned = self.identity
        return {
            ("POST", "/session"): self._sign_in,
            ("DELETE", "/session"): lambda *_: {"signed_in": False},
            ("POST", "/invitations/{token}"): lambda *_: canned.session(),
            ("PUT", "/password"): lambda *_: {},
            ("DELETE", "/sessions/{id}"): lambda request, _: remove(canned.sessions, "id", request),
            ("POST", "/users"): self._new_user,
            ("PATCH", "/users/{name}"): self._change_user,
            ("DELETE", "/users/{name}"): lambda request, _: remove(canned.users, "name", request),
            ("POST", "/users/{name}/invitation"): lambda *_: created({"invitation": invitation()}),
            ("POST", "/api-tokens"): self._new_api_token,
            ("DELETE", "/api-tokens/{id}"): lambda request, _: remove(canned.api_tokens, "id", request),
            ("POST", "/tokens"): self._new_token,
            ("DELETE", "/tokens/{id}"): lambda request, _: change(canned.tokens, "id", request, {"state": "revoked"}),
            ("POST", "/enrolments/{id}/approve"): lambda request, _: remove(canned.enrolments, "id", request),
            ("POST", "/enrolments/{id}/reject"): lambda request, _: remove(canned.enrolments, "id", request),
            ("POST", "/certificates/{serial}/revoke"): self._revoke,
            ("POST", "/hosts/{subject}/revoke"): self._revoke,
            ("POST", "/certificates/rotate"): self._rotate,
        }

    def _sign_in(self, _: Request, __: Json) -> Json:
        self.on_sign_in()
        return self.identity.session()

    def _certificates(self, request: Request, _: Json) -> Json:
        return self.identity.certificates_page(request.query_params.get("state"), request.query_params.get("host"))

    def _invitation(self, request: Request, _: Json) -> Answer:
        if request.path_params["token"] != INVITATION:
            return Refusal(404, "not_found", "There is no such invitation.").response()
        return {"user": "linus", "role": "viewer", "expires": self.identity.now_ms + DAY}

    def _new_user(self, _: Request, body: Json) -> Response:
        made = user(body["name"], body["role"], self.identity.now_ms, invited=True)
        self.identity.users.append(made)
        return created({"user": made, "invitation": invitation()})

    def _change_user(self, request: Request, body: Json) -> Json:
        return change(self.identity.users, "name", request, body)

    def _new_api_token(self, _: Request, body: Json) -> Response:
        made = api_token("a2", body["name"], body["role"], self.identity.now_ms)
        self.identity.api_tokens.append(made)
        return created({"api_token": made, "secret": API_SECRET})

    def _new_token(self, _: Request, body: Json) -> Response:
        uses = body["uses"]
        made = join_token("new", self.identity.now_ms, uses=uses, left=uses, labels=body["labels"])
        self.identity.tokens.append(made)
        return created({"token": made, "secret": SECRET, "command": f"sysmon-agent enroll {SECRET}"})

    def _revoke(self, request: Request, body: Json) -> Json:
        key = next(iter(request.path_params))
        return change(self.identity.certificates, key, request, {"state": "revoked", "reason": body["reason"]})

    def _rotate(self, _: Request, body: Json) -> Json:
        page = self.identity.certificates_page(None, None)
        asked = len(self.identity.certificates) if body["agents"] else 0
        return {"asked": asked, "issuer": page["issuer"], "aggregator": page["aggregator"]}


def created(document: Json) -> Response:
    return JSONResponse(document, 201)


def invitation() -> str:
    return f"https://localhost:7480/invite/{INVITATION}"


def found(rows: list[Json], key: str, request: Request) -> Json:
    return next(row for row in rows if row[key] == request.path_params[key])


def remove(rows: list[Json], key: str, request: Request) -> Json:
    row = found(rows, key, request)
    rows.remove(row)
    return row


def change(rows: list[Json], key: str, request: Request, changes: Json) -> Json:
    row = found(rows, key, request)
    row.update(changes)
    return row
