"""Identities, tokens, requests and certificates as tests need them."""

from sysmon_appliance.domain.enrolment import JoinRequest, KnownToken, Reason, RequestState
from sysmon_appliance.domain.identities import Certificate, Identity
from tests.support.pushes import HOST, NOW_MS

KEY, OTHER_KEY = "a1" * 32, "b2" * 32
DAY_MS = 86_400_000
LABELS = (("env", "prod"), ("role", "db"))

A_TOKEN = KnownToken(
    id="t1",
    secret_hash="00" * 32,
    created_ms=NOW_MS,
    created_by="user:alice",
    expires_ms=NOW_MS + 3_600_000,
    uses=2,
    labels=LABELS,
    approval=True,
)
A_REQUEST = JoinRequest(
    id="e1",
    token=A_TOKEN.id,
    public_key=KEY,
    name="web-01",
    address="192.0.2.7",
    reason=Reason.APPROVAL,
    about="",
    labels=LABELS,
    state=RequestState.WAITING,
    requested_ms=NOW_MS,
)
AN_IDENTITY = Identity(host_id=HOST, name="web-01", public_key=KEY, labels=LABELS, enrolled_ms=NOW_MS)
A_CERTIFICATE = Certificate(
    serial="1f",
    role="agent",
    host_id=HOST,
    name="web-01",
    issuer="SysMonitor issuing aggregator-1",
    public_key=KEY,
    root="cd" * 32,
    issued_ms=NOW_MS,
    expires_ms=NOW_MS + 2 * DAY_MS,
)
