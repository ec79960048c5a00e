"""How hosts are let in."""

import asyncio
from dataclasses import replace

import pytest

from sysmon_agent.wire.token import decode_token
from sysmon_appliance.config import EnrolmentSettings
from sysmon_appliance.domain.audit import AppendAudit
from sysmon_appliance.domain.enrolment import IdentityState, Reason, RequestState, SaveRequest
from sysmon_appliance.domain.identities import CertificateState, SaveCertificate
from sysmon_appliance.errors import (
    BadCsrError,
    ConflictError,
    EnrolmentRejectedError,
    NotFoundError,
    RateLimitedError,
    RevokedCertificateError,
    StorageFullError,
    TokenUsedUpError,
    TooManyHostsError,
)
from sysmon_appliance.services import enrolment
from sysmon_appliance.services.certificates import Granted
from sysmon_appliance.services.enrolment import MAX_WAITING, MAX_WAITING_COPIES, Applicant, Waiting
from tests.support.fake_issuer import ISSUER, ROOT, key_hash
from tests.support.identities import A_REQUEST
from tests.support.identity_side import ADDRESSES
from tests.support.letting_in import OPERATOR, Region, an_applicant, begun, finish, held, holder
from tests.support.live import A_HOST
from tests.support.store import HeldStore

DAY_SECONDS = 86_400


@pytest.fixture
def region() -> Region:
    return Region()


async def test_a_host_is_let_in_with_a_token(region: Region) -> None:
    """A host that brings a token gets an id of its own, a certificate for two days, and the addresses."""
    granted = await region.let_in(await region.token())
    certificate = granted.certificate
    assert len(certificate.host_id) == 32
    assert granted.chain.startswith(f"certificate 1 k1 {certificate.host_id}")
    assert (granted.authority, granted.addresses, granted.now_ms) == ("roots", ADDRESSES, region.clock.wall_ms())
    assert (certificate.expires_ms - certificate.issued_ms) == 2 * DAY_SECONDS * 1000
    assert (certificate.issuer, certificate.root, certificate.name) == (ISSUER.name, ROOT.fingerprint, "host-k1")
    region.check(granted)


async def test_each_host_has_an_id_of_its_own(region: Region) -> None:
    """Two hosts that use one token are two hosts."""
    text = await region.token(uses=2)
    first, second = await region.let_in(text, "k1"), await region.let_in(text, "k2")
    assert first.certificate.host_id != second.certificate.host_id


async def test_a_lost_answer_costs_no_use(region: Region) -> None:
    """Who asks again with the same token and key is the same host, even when the token has been used up since."""
    text = await region.token(uses=1)
    first = await region.let_in(text)
    region.clock.advance(7200)
    again = await region.let_in(text)
    assert again.certificate.host_id == first.certificate.host_id
    assert again.certificate.serial != first.certificate.serial
    assert region.audited == ["token.create", "host.enrol"]


async def test_a_bad_signing_request_costs_no_use(region: Region) -> None:
    """A request that asks for what it may not have is refused before the token is touched."""
    text = await region.token(uses=1)
    with pytest.raises(BadCsrError):
        await region.side.enrolment.enrol(text, Applicant(b"-----BEGIN", "web-01", "192.0.2.7"))
    await region.let_in(text)


async def test_what_an_agent_does_is_on_record(region: Region) -> None:
    """The audit log names the token and the address that a host came with, and what it became."""
    granted = await region.let_in(await region.token(labels=(("role", "db"),)))
    entry = region.committed(AppendAudit)[-1]
    (token,) = region.side.tokens.all()
    assert (entry.action, entry.actor, entry.origin) == ("host.enrol", f"agent:{token.id}", "192.0.2.7")
    assert entry.target == granted.certificate.host_id
    assert entry.after is not None
    assert (entry.after["name"], entry.after["labels"]) == ("host-k1", {"role": "db"})


async def test_labels_of_the_token_are_the_hosts(region: Region) -> None:
    """What the operator vouched for is known of the host from then on."""
    labels = (("env", "prod"), ("role", "db"))
    granted = await region.let_in(await region.token(labels=labels))
    assert region.identities.labels(granted.certificate.host_id) == labels


async def test_a_failed_commit_gives_the_use_back(region: Region) -> None:
    """When nothing could be stored, the token is as good as before, and nobody is let in."""
    text = await region.token(uses=1)
    region.fail(StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await region.enrol(text)
    assert not list(region.identities.certificates())
    region.fail(None)
    await region.let_in(text, "k2")


async def test_two_hosts_at_once_do_not_share_the_last_use() -> None:
    """A token for one host lets in one of two that come at the same moment, before anything is committed."""
    region = Region(store=(store := HeldStore()))
    making = await begun(region.token(uses=1))
    await finish(store)
    text = await making
    first, second = await begun(region.enrol(text, "k1")), await begun(region.enrol(text, "k2"))
    with pytest.raises(TokenUsedUpError):
        await second
    await finish(store)
    assert isinstance(await first, Granted)


async def test_the_last_use_is_there_again_after_a_failure_at_the_same_moment() -> None:
    """A host that failed with a group takes back its use, and who was refused meanwhile may come again."""
    region = Region(store=(store := HeldStore()))
    making = await begun(region.token(uses=1))
    await finish(store)
    text = await making
    first = await begun(region.enrol(text, "k1"))
    await finish(store, StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await first
    second = await begun(region.enrol(text, "k2"))
    await finish(store)
    assert isinstance(await second, Granted)


async def test_one_host_that_asks_twice_at_once_is_one_host() -> None:
    """A host whose connection broke asks again before the first answer is committed, and is let in once."""
    region = Region(store=(store := HeldStore()))
    making = await begun(region.token(uses=1))
    await finish(store)
    text = await making
    both = [await begun(region.enrol(text)), await begun(region.enrol(text))]
    await finish(store)
    first, second = await asyncio.gather(*both)
    assert isinstance(first, Granted)
    assert isinstance(second, Granted)
    assert first.certificate.host_id == second.certificate.host_id


async def test_a_host_is_let_in_although_nobody_waits_for_the_answer() -> None:
    """What was accepted is shown once it is durable, even when the agent's connection broke before."""
    region = Region(store=(store := HeldStore()))
    making = await begun(region.token(uses=1))
    await finish(store)
    asking = await begun(region.enrol(await making))
    await held(store)
    asking.cancel()
    store.finish()
    await asyncio.sleep(0.01)
    assert len(list(region.identities.certificates())) == 1


async def test_a_token_may_ask_for_approval(region: Region) -> None:
    """A host that came with such a token waits until an operator approves it, and is let in when it asks next."""
    text = await region.token(approval=True)
    waiting = await region.wait(text)
    assert await region.wait(text) == waiting
    (request,) = region.side.requests.all(RequestState.WAITING)
    assert (request.reason, request.public_key, request.address) == (Reason.APPROVAL, key_hash("k1"), "192.0.2.7")
    await region.side.requests.approve(waiting, OPERATOR)
    granted = await region.let_in(text)
    region.check(granted)
    assert region.audited == ["token.create", "enrolment.wait", "enrolment.approve", "host.enrol"]
    (decided,) = region.side.requests.all()
    assert (decided.state, decided.host_id) == (RequestState.APPROVED, granted.certificate.host_id)


async def test_a_token_may_expire_while_a_host_waits(region: Region) -> None:
    """Who asked in time is let in although the operator took longer than the token lasted."""
    text = await region.token(ttl_seconds=60, approval=True)
    waiting = await region.wait(text)
    region.clock.advance(3600)
    await region.side.requests.approve(waiting, OPERATOR)
    await region.let_in(text)


async def test_a_rejected_host_stays_out(region: Region) -> None:
    """An operator's no is final for that token and key, and is said again each time."""
    text = await region.token(uses=2, approval=True)
    waiting = await region.wait(text)
    await region.side.requests.reject(waiting, OPERATOR)
    with pytest.raises(EnrolmentRejectedError):
        await region.enrol(text)
    with pytest.raises(ConflictError):
        await region.side.requests.approve(waiting, OPERATOR)
    assert region.audited[-1] == "enrolment.reject"


async def test_deciding_twice_changes_nothing(region: Region) -> None:
    """Who approves what is approved, or rejects what is rejected, is told the same and leaves no second record."""
    text = await region.token(uses=2, approval=True)
    first, second = await region.wait(text, "k1"), await region.wait(text, "k2")
    for _ in range(2):
        await region.side.requests.approve(first, OPERATOR)
        await region.side.requests.reject(second, OPERATOR)
    assert region.audited[-2:] == ["enrolment.approve", "enrolment.reject"]


async def test_an_approval_can_be_taken_back_until_the_host_comes(region: Region) -> None:
    """An approved host that was not let in yet may still be rejected; one that is in may not."""
    text = await region.token(uses=2, approval=True)
    first, second = await region.wait(text, "k1"), await region.wait(text, "k2")
    for waiting in (first, second):
        await region.side.requests.approve(waiting, OPERATOR)
    await region.side.requests.reject(first, OPERATOR)
    with pytest.raises(EnrolmentRejectedError):
        await region.enrol(text, "k1")
    await region.let_in(text, "k2")
    with pytest.raises(ConflictError, match="enrolled already"):
        await region.side.requests.reject(second, OPERATOR)


async def test_what_is_not_there_cannot_be_decided(region: Region) -> None:
    """Approving a request that nobody made is an error."""
    with pytest.raises(NotFoundError):
        await region.side.requests.approve("e9", OPERATOR)


async def test_a_bound_token_gives_a_reinstalled_machine_its_history(region: Region) -> None:
    """The new agent has the old host's id and labels, and the old one's certificate counts no more."""
    old = await region.let_in(await region.token(labels=(("role", "db"),)), "old")
    host_id = old.certificate.host_id
    new = await region.let_in(await region.token(replaces=host_id), "new")
    assert new.certificate.host_id == host_id
    region.check(new)
    with pytest.raises(RevokedCertificateError, match="Another key was enrolled"):
        region.check(old)
    record = region.identities.on_record(old.certificate.serial)
    assert (record.reason, region.identities.state(record, region.clock.wall_ms())) == (
        "replaced",
        CertificateState.REVOKED,
    )
    assert region.identities.labels(host_id) == (("role", "db"),)
    assert region.audited[-1] == "host.replace"


async def test_a_host_that_was_never_enrolled_can_be_replaced() -> None:
    """A machine that has sent data with a certificate of other origin is replaced by name."""
    region = Region(hosts=(A_HOST,))
    waiting = await region.wait(await region.token(), replace_host="web-01")
    await region.side.requests.approve(waiting, OPERATOR)
    (request,) = region.side.requests.all()
    assert (request.reason, request.about) == (Reason.REPLACE, A_HOST.host_id)


async def test_a_replacement_without_the_right_waits(region: Region) -> None:
    """Who wants to take a host's place with a token that is not bound to it waits for an operator."""
    old = await region.let_in(await region.token(), "old")
    host_id = old.certificate.host_id
    text = await region.token()
    waiting = await region.wait(text, "new", replace_host=host_id)
    region.check(old)
    await region.side.requests.approve(waiting, OPERATOR)
    region.check(old)
    new = await region.let_in(text, "new", replace_host=host_id)
    assert new.certificate.host_id == host_id
    with pytest.raises(RevokedCertificateError):
        region.check(old)


async def test_a_host_that_was_shut_out_is_not_given_to_an_older_token(region: Region) -> None:
    """Shutting a host out ends what allowed others to take its place; a token made afterwards does again."""
    host_id = (await region.let_in(await region.token(), "old")).certificate.host_id
    bound = await region.token(replaces=host_id)
    approved = await region.token()
    await region.side.requests.approve(await region.wait(approved, "new", replace_host=host_id), OPERATOR)
    region.clock.advance(1)
    await region.side.revocation.revoke_host(host_id, "old", "stolen", OPERATOR)
    for text in (bound, approved):
        with pytest.raises(EnrolmentRejectedError, match="was shut out"):
            await region.enrol(text, "new", replace_host=host_id)
    assert (await region.let_in(await region.token(replaces=host_id), "new")).certificate.host_id == host_id


async def test_a_replacement_of_nobody_is_refused(region: Region) -> None:
    """Who wants to take the place of a host that is not there is told so, and the token keeps its use."""
    text = await region.token()
    with pytest.raises(NotFoundError):
        await region.enrol(text, replace_host="web-99")
    await region.let_in(text)


async def test_a_replaced_host_cannot_come_back_with_its_old_token(region: Region) -> None:
    """The lost answer of a host that was replaced since is not given again."""
    text = await region.token()
    old = await region.let_in(text, "old")
    await region.let_in(await region.token(replaces=old.certificate.host_id), "new")
    with pytest.raises(RevokedCertificateError):
        await region.enrol(text, "old")


async def test_a_copy_gets_an_identity_of_its_own(region: Region) -> None:
    """A copy of a host waits for an operator, then has another id and the same labels; the host keeps its own."""
    original = await region.let_in(await region.token(labels=(("role", "db"),)))
    waiting = await region.side.enrolment.re_enrol(holder(original), an_applicant("copy"))
    assert isinstance(waiting, Waiting)
    (request,) = region.side.requests.all(RequestState.WAITING)
    assert (request.reason, request.about, request.token) == (Reason.CLONE, original.certificate.host_id, "")
    await region.side.requests.approve(request.id, OPERATOR)
    copy = await region.side.enrolment.re_enrol(holder(original), an_applicant("copy"))
    assert isinstance(copy, Granted)
    assert copy.certificate.host_id != original.certificate.host_id
    assert region.identities.labels(copy.certificate.host_id) == (("role", "db"),)
    region.check(copy)
    region.check(original)


async def test_a_copy_needs_a_key_of_its_own(region: Region) -> None:
    """Who asks for another identity with the key of the first is refused."""
    original = await region.let_in(await region.token())
    with pytest.raises(ConflictError, match="a key of its own"):
        await region.side.enrolment.re_enrol(holder(original), an_applicant("k1"))


async def test_copies_of_one_host_do_not_fill_the_queue(region: Region) -> None:
    """Of one host a few copies may wait; more are told to come later."""
    original = holder(await region.let_in(await region.token()))
    for number in range(MAX_WAITING_COPIES):
        await region.side.enrolment.re_enrol(original, an_applicant(f"copy-{number}"))
    with pytest.raises(RateLimitedError):
        await region.side.enrolment.re_enrol(original, an_applicant("one more"))


async def test_the_queue_has_an_end() -> None:
    """Who has a token cannot fill the disk with requests that wait."""
    waiting = [replace(A_REQUEST, id=f"e{number}") for number in range(MAX_WAITING)]
    region = Region(IdentityState(requests=waiting))
    with pytest.raises(RateLimitedError):
        await region.enrol(await region.token(approval=True))
    await region.let_in(await region.token())


async def test_a_revoked_token_frees_the_queue(monkeypatch: pytest.MonkeyPatch, region: Region) -> None:
    """Whoever filled the queue with a token that leaked keeps nobody out once it is revoked."""
    monkeypatch.setattr(enrolment, "MAX_WAITING", 3)
    leaked = await region.token(uses=3, approval=True)
    for number in range(3):
        await region.wait(leaked, f"k{number}")
    text = await region.token(approval=True)
    with pytest.raises(RateLimitedError):
        await region.wait(text, "another")
    await region.side.tokens.revoke(decode_token(leaked).id, OPERATOR)
    await region.wait(text, "another")


async def test_a_region_has_so_many_hosts_and_no_more() -> None:
    """A host too many is refused, and has a place when another was shut out; a replacement needs none."""
    region = Region(settings=EnrolmentSettings(max_hosts=1))
    first = await region.let_in(await region.token(), "k1")
    text = await region.token()
    with pytest.raises(TooManyHostsError):
        await region.enrol(text, "k2")
    first = await region.let_in(await region.token(replaces=first.certificate.host_id), "k3")
    await region.side.revocation.revoke_host(first.certificate.host_id, "web-01", "gone", OPERATOR)
    await region.let_in(text, "k2")


async def test_everything_is_known_again_after_a_restart(region: Region) -> None:
    """A region that starts from what was committed answers as before."""
    text = await region.token(uses=2)
    granted = await region.let_in(text)
    state = IdentityState(
        tokens=region.side.tokens.all(),
        requests=[change.request for change in region.committed(SaveRequest)],
        identities=list(region.identities.settling.lasting.values()),
        certificates=[change.certificate for change in region.committed(SaveCertificate)],
    )
    again = Region(state)
    again.check(granted)
    assert (await again.let_in(text)).certificate.host_id == granted.certificate.host_id
    await again.let_in(text, "k2")
    with pytest.raises(TokenUsedUpError):
        await again.enrol(text, "k3")
