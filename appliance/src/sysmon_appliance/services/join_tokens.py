"""Join tokens: made for operators, and judged when a host comes with one.

All of it runs on the event loop.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sysmon_agent.clock import Clock
from sysmon_agent.wire.messages import Attributes
from sysmon_agent.wire.token import JoinToken, decode_token, encode_token
from sysmon_appliance.domain.access import hash_secret, random_secret
from sysmon_appliance.domain.audit import audited
from sysmon_appliance.domain.barrier import Barrier
from sysmon_appliance.domain.certificates import Issuer
from sysmon_appliance.domain.enrolment import IdentityState, KnownToken, SaveToken, TokenState
from sysmon_appliance.domain.principals import Principal
from sysmon_appliance.domain.times import shown
from sysmon_appliance.errors import (
    BadRequestError,
    NotFoundError,
    TokenExpiredError,
    TokenForeignError,
    TokenRevokedError,
    TokenUnknownError,
    TokenUsedUpError,
)
from sysmon_appliance.services.certificates import Certificates
from sysmon_appliance.services.settling import Settling, commit

MAX_TTL_SECONDS = 30 * 86_400
MAX_USES = 10_000
MAX_LABELS = 32
_MAX_TEXT = 200

_NEW_ONE = "sysmon token create"


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What a token is to be good for."""

    ttl_seconds: int
    uses: int
    labels: Attributes = ()
    approval: bool = False
    replaces: str = ""  # the host_id that it is bound to


class JoinTokens:
    """The join tokens of a region."""

    def __init__(self, state: IdentityState, certificates: Certificates, barrier: Barrier, clock: Clock) -> None:
        self.settling: Settling[KnownToken] = Settling({})
        self.reload(state)
        self._certificates = certificates
        self._barrier = barrier
        self._clock = clock

    def reload(self, state: IdentityState) -> None:
        """Know the tokens of a state, and no others."""
        self.settling.lasting = {token.id: token for token in state.tokens}

    def all(self) -> Sequence[KnownToken]:
        """List tokens, the newest first."""
        return sorted(self.settling.lasting.values(), key=lambda token: (-token.created_ms, token.id))

    async def create(self, terms: TokenTerms, principal: Principal) -> tuple[KnownToken, str]:
        """Make a token; return it and its text, which nobody can read from it again.

        Raises
        ------
        BadRequestError
            The terms are out of bounds.
        NoIssuerError
            Nobody here could keep what it promises.
        """
        _check(terms)
        issuer, now_ms, secret = self._certificates.issuer, self._clock.wall_ms(), random_secret()
        token = KnownToken(
            id=secrets.token_hex(6),
            secret_hash=hash_secret(secret),
            created_ms=now_ms,
            created_by=principal.actor,
            expires_ms=now_ms + 1000 * terms.ttl_seconds,
            uses=terms.uses,
            labels=terms.labels,
            approval=terms.approval,
            replaces=terms.replaces,
        )
        await self._save(token, principal, "token.create", after=_recorded(token))
        return token, self._text(token.id, secret, issuer)

    async def revoke(self, token_id: str, principal: Principal) -> KnownToken:
        """Withdraw a token; hosts that it has let in stay.

        Raises
        ------
        NotFoundError
            There is none of that id.
        """
        token = self.settling.judged(token_id)
        if token is None:
            raise NotFoundError(f"There is no join token {token_id!r}.", hint="sysmon token list")
        if token.revoked_ms:
            return token
        revoked = replace(token, revoked_ms=self._clock.wall_ms())
        await self._save(revoked, principal, "token.revoke", before=_recorded(token))
        return revoked

    def recognise(self, text: str) -> KnownToken:
        """Return the token that somebody presents, whether or not it still lets anybody in.

        Raises
        ------
        TokenError
            The text is none.
        TokenForeignError, TokenUnknownError, TokenRevokedError
            It is another region's, none of ours, or withdrawn.
        """
        presented = decode_token(text)
        if presented.region != self._certificates.region:
            raise TokenForeignError(
                f"The join token is of region {presented.region!r}, and this is {self._certificates.region!r}.",
                hint=_NEW_ONE,
            )
        token = self.settling.judged(presented.id)
        if token is None or not hmac.compare_digest(token.secret_hash, hash_secret(presented.secret)):
            raise TokenUnknownError("There is no such join token here.", hint=_NEW_ONE)
        if token.revoked_ms:
            raise TokenRevokedError(f"The join token was revoked at {shown(token.revoked_ms)}.", hint=_NEW_ONE)
        return token

    def used_once_more(self, token: KnownToken) -> KnownToken:
        """Return a token as it is after one more use.

        Raises
        ------
        TokenExpiredError, TokenUsedUpError
            It is good for none.
        """
        now_ms = self._clock.wall_ms()
        match token.state(now_ms):
            case TokenState.USED_UP:
                raise TokenUsedUpError(
                    f"The join token was made for {token.uses} hosts, and has let in as many.", hint=_NEW_ONE
                )
            case TokenState.EXPIRED:
                raise TokenExpiredError(
                    f"The join token expired at {shown(token.expires_ms)}; the aggregator's clock shows"
                    f" {shown(now_ms)}.",
                    hint=_NEW_ONE,
                )
        return replace(token, used=token.used + 1)

    def _text(self, token_id: str, secret: str, issuer: Issuer) -> str:
        """Write down all that a host needs to find this region and to be let in."""
        region, addresses = self._certificates.region, tuple(self._certificates.addresses)
        return encode_token(JoinToken(token_id, secret, region, issuer.fingerprints, addresses))

    async def _save(self, token: KnownToken, principal: Principal, action: str, **states: dict[str, object]) -> None:
        entry = audited(principal, action, token.id, now_ms=self._clock.wall_ms(), **states)
        await commit(self._barrier, (SaveToken(token), entry), self.settling.accept(token.id, token))


def _recorded(token: KnownToken) -> dict[str, object]:
    """Return a token for the audit log."""
    return {
        "expires": token.expires_ms,
        "uses": token.uses,
        "used": token.used,
        "labels": dict(token.labels),
        "approval": token.approval,
        "replaces": token.replaces,
    }


def _check(terms: TokenTerms) -> None:
    hint = "sysmon token create --help"
    if not 1 <= terms.ttl_seconds <= MAX_TTL_SECONDS:
        raise BadRequestError(f"A join token lasts from 1 to {MAX_TTL_SECONDS} seconds.", hint=hint)
    if not 1 <= terms.uses <= MAX_USES:
        raise BadRequestError(f"A join token is good for 1 to {MAX_USES} hosts.", hint=hint)
    if terms.replaces and terms.uses != 1:
        raise BadRequestError("A join token that replaces a host is good for one.", hint=hint)
    if len(terms.labels) > MAX_LABELS:
        raise BadRequestError(f"A join token gives {MAX_LABELS} labels at most.", hint=hint)
    for key, value in terms.labels:
        if not key or max(len(key), len(value)) > _MAX_TEXT or not (key + value).isprintable():
            raise BadRequestError(f"{key[:50]!r} is no label of 1 to {_MAX_TEXT} printable characters.", hint=hint)
