"""What has been over for long is forgotten, and nothing else."""

from dataclasses import replace

import pytest

from sysmon_appliance.domain.enrolment import ForgetRequests, ForgetTokens, IdentityState, RequestState
from sysmon_appliance.domain.identities import ForgetCertificates
from sysmon_appliance.errors import RevokedCertificateError, StorageFullError
from sysmon_appliance.services.cautious_clock import DOUBT_MS
from sysmon_appliance.services.forgetting import KEPT_MS, WAITED_MS
from tests.support.fake_issuer import request
from tests.support.identities import A_CERTIFICATE, A_REQUEST, A_TOKEN, AN_IDENTITY, DAY_MS
from tests.support.letting_in import OPERATOR, Region, holder
from tests.support.pushes import NOW_MS

STATE = IdentityState(
    tokens=[A_TOKEN],
    requests=[
        replace(A_REQUEST, id="waits"),
        replace(A_REQUEST, id="decided", state=RequestState.REJECTED, decided_ms=NOW_MS),
    ],
    identities=[AN_IDENTITY],
    certificates=[A_CERTIFICATE, replace(A_CERTIFICATE, serial="2f", issued_ms=NOW_MS + 1)],
)


async def at(region: Region, moment_ms: int) -> tuple[list[str], list[str], list[str]]:
    """Let time pass until a moment, and return the tokens, requests and certificates that are left."""
    region.clock.advance((moment_ms - region.clock.wall_ms()) / 1000)
    await region.side.forgetting.step()
    return (
        [token.id for token in region.side.tokens.all()],
        [one.id for one in region.side.requests.all()],
        [certificate.serial for certificate in region.identities.certificates()],
    )


async def test_each_thing_has_its_time() -> None:
    """A followed certificate goes when it expires, a waiting request after a month, the rest after three."""
    region = Region(STATE)
    end_ms = A_CERTIFICATE.expires_ms
    assert await at(region, end_ms) == (["t1"], ["decided", "waits"], ["1f", "2f"])
    assert await at(region, end_ms + 1) == (["t1"], ["decided", "waits"], ["2f"])
    assert await at(region, NOW_MS + WAITED_MS + 1) == (["t1"], ["decided"], ["2f"])
    assert await at(region, NOW_MS + KEPT_MS + 1) == (["t1"], [], ["2f"])
    assert await at(region, A_TOKEN.expires_ms + KEPT_MS + 1) == ([], [], ["2f"])
    assert await at(region, end_ms + KEPT_MS + 1) == ([], [], [])
    assert region.committed(ForgetTokens) != []
    assert region.committed(ForgetRequests)[1].ids == ("waits",)
    assert region.committed(ForgetCertificates)[0].serials == ("1f",)


async def test_where_nothing_is_over_nothing_is_written() -> None:
    """Looking costs no commit."""
    region = Region(STATE)
    await region.side.forgetting.step()
    assert region.store.committed == []


async def test_what_could_not_be_removed_is_removed_later() -> None:
    """A full disk postpones it."""
    region = Region(STATE)
    region.clock.advance(3 * DAY_MS / 1000)
    region.fail(StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await region.side.forgetting.step()
    assert len(list(region.identities.certificates())) == 2
    region.fail(None)
    await region.side.forgetting.step()
    assert len(list(region.identities.certificates())) == 1


async def test_a_wrong_date_forgets_nothing() -> None:
    """A clock that was set forward by a year is doubted for a day."""
    region = Region(STATE)
    await region.side.forgetting.step()
    region.clock.wall += 365 * DAY_MS
    await region.side.forgetting.step()
    region.clock.advance(DOUBT_MS / 2000)
    await region.side.forgetting.step()
    assert region.store.committed == []


async def test_a_host_that_was_shut_out_stays_out() -> None:
    """However long ago it was, a revoked key does not come back."""
    region = Region()
    granted = await region.let_in(await region.token())
    await region.side.revocation.revoke_host(granted.certificate.host_id, "web-01", "", OPERATOR)
    region.clock.advance(400 * DAY_MS / 1000)
    await region.side.forgetting.step()
    assert not list(region.identities.certificates())
    with pytest.raises(RevokedCertificateError):
        await region.side.certificates.renew_expired(granted.chain.encode(), request("k1"))
    with pytest.raises(RevokedCertificateError):
        region.side.certificates.check(holder(granted), 0)
