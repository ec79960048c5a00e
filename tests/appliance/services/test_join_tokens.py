"""Join tokens: what they are made for, and why one is refused."""

from typing import Any

import pytest

from sysmon_agent.errors import TokenError
from sysmon_agent.wire.token import decode_token, encode_token
from sysmon_appliance.domain.audit import AppendAudit
from sysmon_appliance.domain.enrolment import SaveToken, TokenState
from sysmon_appliance.errors import (
    BadRequestError,
    NoIssuerError,
    NotFoundError,
    StorageFullError,
    TokenExpiredError,
    TokenForeignError,
    TokenRevokedError,
    TokenUnknownError,
    TokenUsedUpError,
)
from sysmon_appliance.services.join_tokens import TokenTerms
from tests.support.fake_issuer import ROOT
from tests.support.identity_side import ADDRESSES
from tests.support.letting_in import OPERATOR, Region


@pytest.fixture
def region() -> Region:
    return Region()


async def test_a_token_carries_what_a_host_needs(region: Region) -> None:
    """The text of a token names the region, its roots and the addresses of its aggregators."""
    token = decode_token(await region.token())
    assert (token.region, token.fingerprints, token.addresses) == ("local", (ROOT.fingerprint,), ADDRESSES)


async def test_a_token_is_kept_without_its_secret(region: Region) -> None:
    """Neither the live database nor the audit log gets to know what a token's holder knows."""
    secret = decode_token(await region.token(labels=(("role", "db"),))).secret
    assert secret not in repr(region.store.committed)
    (saved,) = region.committed(SaveToken)
    (entry,) = region.committed(AppendAudit)
    assert (entry.action, entry.actor, entry.target) == ("token.create", "user:olga", saved.token.id)
    assert entry.after is not None
    assert entry.after["labels"] == {"role": "db"}


@pytest.mark.parametrize(
    "terms",
    [
        {"ttl_seconds": 0},
        {"ttl_seconds": 31 * 86_400},
        {"uses": 0},
        {"uses": 10_001},
        {"uses": 2, "replaces": "f" * 32},
        {"labels": tuple((f"l{number:02}", "x") for number in range(33))},
        {"labels": (("", "x"),)},
        {"labels": (("role", "x" * 201),)},
        {"labels": (("role", "x\n"),)},
    ],
)
async def test_terms_out_of_bounds_are_refused(region: Region, terms: dict[str, Any]) -> None:
    """A token that would be too good, or says nothing that a host could carry, is not made."""
    with pytest.raises(BadRequestError):
        await region.token(**terms)
    assert not region.store.committed


async def test_without_an_issuer_no_token_is_made() -> None:
    """An aggregator that cannot sign makes no token that it could not keep."""
    with pytest.raises(NoIssuerError) as told:
        await Region(issuer=lambda _: None).token()
    assert told.value.hint == "sysmon-aggregator pki request"


async def test_a_token_that_was_not_saved_lets_nobody_in(region: Region) -> None:
    """A token whose commit failed is not there."""
    region.fail(StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await region.token()
    assert not region.side.tokens.all()


async def test_a_token_used_once_too_often_is_refused(region: Region) -> None:
    """A token for two hosts lets in two, and tells the third why not."""
    text = await region.token(uses=2)
    await region.let_in(text, "k1")
    await region.let_in(text, "k2")
    with pytest.raises(TokenUsedUpError, match="made for 2 hosts"):
        await region.enrol(text, "k3")
    assert [token.state(region.clock.wall_ms()) for token in region.side.tokens.all()] == [TokenState.USED_UP]


async def test_an_expired_token_is_refused_with_both_clocks(region: Region) -> None:
    """Who comes too late is told until when the token was good and what the aggregator's clock shows."""
    text = await region.token(ttl_seconds=60)
    region.clock.advance(60)
    with pytest.raises(TokenExpiredError, match=r"expired at 2027-01-15 08:01:00 UTC.* shows 2027-01-15 08:01:00 UTC"):
        await region.enrol(text)


async def test_a_revoked_token_is_refused(region: Region) -> None:
    """A token that was withdrawn lets nobody in, and withdrawing it again changes nothing."""
    text = await region.token(uses=5)
    token_id = decode_token(text).id
    await region.let_in(text, "k1")
    first = await region.side.tokens.revoke(token_id, OPERATOR)
    region.clock.advance(5)
    assert await region.side.tokens.revoke(token_id, OPERATOR) == first
    for key in ("k1", "k2"):
        with pytest.raises(TokenRevokedError):
            await region.enrol(text, key)
    assert region.audited == ["token.create", "host.enrol", "token.revoke"]


async def test_a_token_that_is_not_there_cannot_be_revoked(region: Region) -> None:
    """Withdrawing a token that nobody knows is an error."""
    with pytest.raises(NotFoundError):
        await region.side.tokens.revoke("t9", OPERATOR)


async def test_a_token_of_another_region_is_refused(region: Region) -> None:
    """Who comes with another region's token is told which."""
    token = decode_token(await region.token())
    foreign = encode_token(type(token)(token.id, token.secret, "ams", token.fingerprints, token.addresses))
    with pytest.raises(TokenForeignError, match="region 'ams', and this is 'local'"):
        await region.enrol(foreign)


async def test_a_guessed_secret_is_refused_like_a_guessed_token(region: Region) -> None:
    """Who guesses hears nothing of what was right."""
    token = decode_token(await region.token())
    answers = set()
    for token_id, secret in ((token.id, "guessed"), ("guessed", token.secret)):
        guess = encode_token(type(token)(token_id, secret, "local", token.fingerprints, token.addresses))
        with pytest.raises(TokenUnknownError) as told:
            await region.enrol(guess)
        answers.add(told.value.message)
    assert len(answers) == 1


async def test_a_damaged_token_is_refused(region: Region) -> None:
    """A token that lost its end is told apart from none at all."""
    with pytest.raises(TokenError, match="cut short"):
        await region.enrol((await region.token())[:-5])


async def test_the_newest_token_comes_first(region: Region) -> None:
    """Tokens are listed from the newest to the oldest."""
    for _ in range(3):
        await region.side.tokens.create(TokenTerms(60, 1), OPERATOR)
        region.clock.advance(1)
    created = [token.created_ms for token in region.side.tokens.all()]
    assert created == sorted(created, reverse=True)
