"""Certificates: renewed, asked about at every request, and shut out."""

import asyncio
from dataclasses import replace

import pytest

from sysmon_agent.wire.peer import Peer
from sysmon_appliance.config import EnrolmentSettings
from sysmon_appliance.domain.audit import AppendAudit
from sysmon_appliance.domain.certificates import Presented
from sysmon_appliance.domain.identities import CertificateState, RevokeCertificates
from sysmon_appliance.errors import (
    BadCsrError,
    BadIdentityError,
    ExpiredCertificateError,
    NoIssuerError,
    NotFoundError,
    RateLimitedError,
    RevokedCertificateError,
    StorageFullError,
)
from sysmon_appliance.services.certificates import MAX_OF_KEY, Granted
from tests.support.fake_issuer import ISSUER, ROOT, FakeIssuer, key_hash, request
from tests.support.letting_in import OPERATOR, Region, begun, finish, holder
from tests.support.pushes import HOST
from tests.support.store import HeldStore

DAY_SECONDS = 86_400
LIFE_SECONDS = 2 * DAY_SECONDS
OTHER_ORIGIN = Presented(Peer("local", "agent", HOST), "ff", "issuing one", key_hash("k1"), 1_800_100_000_000)
"""Of a host that was certified without having been enrolled here."""


@pytest.fixture
def region() -> Region:
    return Region()


async def joined(region: Region, key: str = "k1") -> Granted:
    return await region.let_in(await region.token(), key)


async def renewed(region: Region, granted: Granted, key: str = "k1") -> Granted:
    return await region.side.certificates.renew(holder(granted), request(key))


async def test_a_renewal_keeps_host_and_key(region: Region) -> None:
    """The next certificate is for the same host and key, and both count until the first expires."""
    first = await joined(region)
    region.clock.advance(LIFE_SECONDS * 2 / 3)
    second = await renewed(region, first)
    assert second.certificate.host_id == first.certificate.host_id
    assert second.certificate.public_key == first.certificate.public_key
    region.check(first)
    region.check(second)
    states = [region.identities.state(one.certificate, region.clock.wall_ms()) for one in (first, second)]
    assert states == [CertificateState.SUPERSEDED, CertificateState.VALID]


async def test_agents_begin_to_renew_at_two_thirds(region: Region) -> None:
    """A certificate says when its agent is to begin to try for the next."""
    certificate = (await joined(region)).certificate
    assert certificate.renew_at_ms - certificate.issued_ms == LIFE_SECONDS * 1000 * 2 // 3


async def test_renewals_are_no_entries_of_the_audit_log(region: Region) -> None:
    """What a fleet does all day is in the table of certificates, not in the audit log."""
    await renewed(region, await joined(region))
    assert region.audited == ["token.create", "host.enrol"]


async def test_a_renewal_with_another_key_is_refused(region: Region) -> None:
    """Who has got hold of a connection cannot have another key certified."""
    first = await joined(region)
    with pytest.raises(BadCsrError, match="keeps the certificate's key"):
        await renewed(region, first, "k2")


async def test_an_expired_certificate_is_refused_with_both_clocks(region: Region) -> None:
    """A request with an expired certificate is told its end and what the aggregator's clock shows."""
    granted = await joined(region)
    region.clock.advance(LIFE_SECONDS)
    with pytest.raises(ExpiredCertificateError, match=r"expired at 2027-01-17 08:00:00 UTC; .* 2027-01-17 08:00:00"):
        region.check(granted)


async def test_a_weekends_outage_locks_nobody_out(region: Region) -> None:
    """Who proves to have the key of a certificate that expired lately gets the next one."""
    first = await joined(region)
    region.clock.advance(LIFE_SECONDS + 3 * DAY_SECONDS)
    second = await region.side.certificates.renew_expired(first.chain.encode(), request("k1"))
    assert second.certificate.host_id == first.certificate.host_id
    region.check(second)


async def test_a_certificate_that_expired_long_ago_is_not_renewed(region: Region) -> None:
    """After a month somebody has to enrol the host again."""
    first = await joined(region)
    region.clock.advance(LIFE_SECONDS + 30 * DAY_SECONDS)
    with pytest.raises(ExpiredCertificateError) as told:
        await region.side.certificates.renew_expired(first.chain.encode(), request("k1"))
    assert told.value.hint == "sysmon token create --replace HOST"


async def test_an_expired_certificate_is_worth_nothing_without_its_key(region: Region) -> None:
    """A chain that somebody has copied renews nothing, whatever key they have."""
    first = await joined(region)
    with pytest.raises(BadCsrError):
        await region.side.certificates.renew_expired(first.chain.encode(), request("stolen"))
    with pytest.raises(BadIdentityError):
        await region.side.certificates.renew_expired(b"no chain", request("k1"))


async def test_a_certificate_of_another_region_is_not_renewed() -> None:
    """A chain that leads to the same root by another region's intermediate is none of ours."""
    region = Region(issuer=lambda clock: FakeIssuer(clock, region="ams"))
    with pytest.raises(BadIdentityError, match="region 'ams', and this is 'local'"):
        await region.side.certificates.renew_expired(f"certificate 1 k1 {HOST} 1800000000000".encode(), request("k1"))


async def test_a_host_of_other_origin_is_on_record_from_its_first_renewal(region: Region) -> None:
    """A host that was certified elsewhere passes, and after a renewal it can be shut out by its certificate."""
    region.side.certificates.check(OTHER_ORIGIN, region.clock.wall_ms())
    granted = await region.side.certificates.renew(OTHER_ORIGIN, request("k1"))
    await region.side.revocation.revoke(granted.certificate.serial, "stolen", OPERATOR)
    with pytest.raises(RevokedCertificateError):
        region.side.certificates.check(OTHER_ORIGIN, region.clock.wall_ms())


async def test_a_host_that_renews_without_end_is_stopped() -> None:
    """No agent gone wild fills the table of certificates."""
    region = Region()
    granted = await joined(region)
    for _ in range(MAX_OF_KEY - 1):
        granted = await renewed(region, granted)
    with pytest.raises(RateLimitedError):
        await renewed(region, granted)
    region.clock.advance(LIFE_SECONDS)
    await region.side.certificates.renew_expired(granted.chain.encode(), request("k1"))


async def test_renewals_with_a_stolen_key_do_not_keep_its_host_out() -> None:
    """Whoever renews a stolen key as often as allowed cannot prevent that the host is replaced, or enrolled again."""
    region = Region()
    stolen = await joined(region)
    host_id = stolen.certificate.host_id
    for _ in range(MAX_OF_KEY - 1):
        await renewed(region, stolen)
    granted = await region.let_in(await region.token(replaces=host_id), "k2")
    assert granted.certificate.host_id == host_id
    region.check(await renewed(region, granted, "k2"))


async def test_without_an_issuer_nothing_is_renewed() -> None:
    """An aggregator that cannot sign says so, and still knows whom to let pass."""
    region = Region(issuer=lambda _: None)
    with pytest.raises(NoIssuerError):
        await region.side.certificates.renew(OTHER_ORIGIN, request("k1"))
    region.side.certificates.check(OTHER_ORIGIN, region.clock.wall_ms())


async def test_a_revoked_host_is_refused_at_its_next_request(region: Region) -> None:
    """All certificates of a host end at once, none is renewed, and the audit log says who did it and why."""
    first = await joined(region)
    second = await renewed(region, first)
    host_id = first.certificate.host_id
    await region.side.revocation.revoke_host(host_id, "web-01", "stolen", OPERATOR)
    for granted in (first, second):
        with pytest.raises(RevokedCertificateError, match="revoked at 2027-01-15 08:00:00 UTC"):
            region.check(granted)
        with pytest.raises(RevokedCertificateError):
            await renewed(region, granted)
    entry = region.committed(AppendAudit)[-1]
    assert (entry.action, entry.actor, entry.target) == ("host.revoke", "user:olga", host_id)
    assert entry.after == {"host_id": host_id, "name": "host-k1", "reason": "stolen"}


async def test_revoking_a_certificate_shuts_out_its_key(region: Region) -> None:
    """Whatever certificate was named, those before and after it for the same key end with it."""
    first = await joined(region)
    second = await renewed(region, first)
    revoked = await region.side.revocation.revoke(first.certificate.serial, "lost", OPERATOR)
    assert (revoked.revoked_ms, revoked.reason) == (region.clock.wall_ms(), "lost")
    with pytest.raises(RevokedCertificateError):
        region.check(second)
    assert region.identities.on_record(second.certificate.serial).revoked_ms
    assert region.audited[-1] == "certificate.revoke"


async def test_revoking_twice_changes_nothing(region: Region) -> None:
    """Two operators who revoke the same host leave one record."""
    granted = await joined(region)
    for reason in ("first", "second"):
        await region.side.revocation.revoke(granted.certificate.serial, reason, OPERATOR)
        await region.side.revocation.revoke_host(granted.certificate.host_id, "web-01", reason, OPERATOR)
    assert region.identities.on_record(granted.certificate.serial).reason == "first"
    assert region.audited.count("certificate.revoke") + region.audited.count("host.revoke") == 1


async def test_what_is_not_on_record_cannot_be_revoked(region: Region) -> None:
    """Revoking a certificate that nobody issued is an error."""
    with pytest.raises(NotFoundError):
        await region.side.revocation.revoke("99", "", OPERATOR)


async def test_a_host_of_which_nothing_is_known_can_be_shut_out(region: Region) -> None:
    """A host with a certificate of other origin is shut out by its id."""
    await region.side.revocation.revoke_host(HOST, "web-01", "", OPERATOR)
    with pytest.raises(RevokedCertificateError):
        region.side.certificates.check(OTHER_ORIGIN, region.clock.wall_ms())


async def test_a_failed_revocation_shuts_nobody_out(region: Region) -> None:
    """A revocation that could not be stored is answered with the error, and changes nothing."""
    granted = await joined(region)
    region.fail(StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await region.side.revocation.revoke_host(granted.certificate.host_id, "web-01", "", OPERATOR)
    region.fail(None)
    region.check(granted)
    await renewed(region, granted)


async def test_a_revoked_intermediate_takes_all_its_hosts_along(region: Region) -> None:
    """When an intermediate's key is in other hands, nothing that it has signed counts, and it signs no more here."""
    granted = await joined(region)
    await region.side.revocation.revoke_issuer(ISSUER.name, "stolen", OPERATOR)
    await region.side.revocation.revoke_issuer(ISSUER.name, "again", OPERATOR)
    with pytest.raises(RevokedCertificateError, match="intermediate"):
        region.check(granted)
    with pytest.raises(NoIssuerError):
        await renewed(region, granted)
    assert region.audited.count("issuer.revoke") == 1
    record = region.identities.on_record(granted.certificate.serial)
    assert region.identities.state(record, region.clock.wall_ms()) is CertificateState.REVOKED


async def test_a_renewal_that_waits_does_not_survive_a_revocation() -> None:
    """A host that is shut out while its renewal waits for its commit does not get the certificate."""
    region = Region(store=(store := HeldStore()))
    granted = await enrolled(region, store)
    renewing = await begun(renewed(region, granted))
    revoking = await begun(region.side.revocation.revoke_host(granted.certificate.host_id, "web-01", "", OPERATOR))
    await finish(store)
    with pytest.raises(RevokedCertificateError):
        await renewing
    await revoking
    records = region.identities.of_host(granted.certificate.host_id)
    assert [bool(record.revoked_ms) for record in records] == [True, True]
    assert [type(change) for change in store.committed][-2:] == [RevokeCertificates, AppendAudit]


async def test_a_renewal_is_refused_while_a_revocation_waits() -> None:
    """A revocation counts for renewals from the moment at which it was accepted."""
    region = Region(store=(store := HeldStore()))
    granted = await enrolled(region, store)
    revoking = await begun(region.side.revocation.revoke_host(granted.certificate.host_id, "web-01", "", OPERATOR))
    with pytest.raises(RevokedCertificateError):
        await renewed(region, granted)
    await finish(store)
    await revoking


async def test_a_renewal_in_a_group_after_the_revocations_failure_goes_on() -> None:
    """A revocation that failed is as if it had never been asked for."""
    region = Region(store=(store := HeldStore()))
    granted = await enrolled(region, store)
    revoking = await begun(region.side.revocation.revoke_host(granted.certificate.host_id, "web-01", "", OPERATOR))
    await finish(store, StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await revoking
    renewing = await begun(renewed(region, granted))
    await finish(store)
    region.check(await renewing)


async def test_two_operators_at_once() -> None:
    """A renewal, a replacement and two revocations at one moment end with the host shut out, in one record each."""
    region = Region(store=(store := HeldStore()))
    granted = await enrolled(region, store)
    host_id = granted.certificate.host_id
    making = await begun(region.token(replaces=host_id))
    await finish(store)
    text = await making
    replacing = await begun(region.enrol(text, "new"))
    revoking = [
        await begun(region.side.revocation.revoke_host(host_id, "web-01", reason, OPERATOR)) for reason in ("a", "b")
    ]
    await finish(store)
    with pytest.raises(RevokedCertificateError):
        await replacing
    await asyncio.gather(*revoking)
    assert region.audited.count("host.revoke") == 1
    with pytest.raises(RevokedCertificateError):
        region.check(granted)


async def test_agents_are_asked_to_renew_after_a_rotation(region: Region) -> None:
    """Whoever holds a certificate from before a rotation is asked for a renewal, until it has one."""
    certificates = region.side.certificates
    first = await joined(region)
    assert not certificates.wants_renewal(holder(first))
    region.clock.advance(60)
    assert await region.side.rotation.rotate(OPERATOR, agents=True) == 1
    assert certificates.wants_renewal(holder(first))
    assert certificates.wants_renewal(OTHER_ORIGIN)
    assert not certificates.wants_renewal(holder(await renewed(region, first)))
    assert (region.own.rotations, region.audited[-1]) == (1, "certificates.rotate")


async def test_a_rotation_of_the_aggregator_alone_asks_nobody(region: Region) -> None:
    """The aggregator's own certificates can be renewed without a word to the agents."""
    first = await joined(region)
    region.clock.advance(60)
    assert await region.side.rotation.rotate(OPERATOR, agents=False) == 0
    assert not region.side.certificates.wants_renewal(holder(first))
    assert region.own.rotations == 1


async def test_the_progress_of_a_rotation_is_counted(region: Region) -> None:
    """One sees how many hosts hang from which intermediate, and how many do not know the newest root yet."""
    first = await joined(region, "k1")
    await joined(region, "k2")
    gone = await joined(region, "k3")
    await region.side.revocation.revoke_host(gone.certificate.host_id, "web-03", "", OPERATOR)
    newest = replace(ROOT, name="root 2", fingerprint="33" * 32)
    region.own.roots = (newest, ROOT)
    issuer = region.side.certificates.issuer
    assert isinstance(issuer, FakeIssuer)
    issuer.name, issuer.fingerprints = "issuing two", (newest.fingerprint, ROOT.fingerprint)
    await renewed(region, first)
    progress = region.side.rotation.progress()
    assert progress.by_issuer == {"issuing one": 1, "issuing two": 1}
    assert progress.without_newest_root == 1


async def test_a_life_is_what_the_settings_say() -> None:
    """The operator chooses how long certificates last."""
    region = Region(settings=EnrolmentSettings(certificate_seconds=60))
    certificate = (await joined(region)).certificate
    assert certificate.expires_ms - certificate.issued_ms == 60_000


async def enrolled(region: Region, store: HeldStore) -> Granted:
    """Let a host in over a store that is told when to commit."""
    making = await begun(region.token())
    await finish(store)
    entering = await begun(region.let_in(await making))
    await finish(store)
    return await entering
