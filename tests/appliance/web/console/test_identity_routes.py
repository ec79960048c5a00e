"""Join tokens, enrolments and certificates over the API."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from sysmon_agent.wire.token import decode_token
from sysmon_appliance.services.certificates import Granted
from sysmon_appliance.services.enrolment import Waiting
from tests.support.console import Console
from tests.support.fake_issuer import ISSUER, ROOT, key_hash
from tests.support.head import host
from tests.support.letting_in import an_applicant


@pytest.fixture
def console() -> Console:
    return Console(hosts=[host(1, "web-01"), host(2, "db-01")])


async def made(operator: httpx2.AsyncClient, **wanted: Any) -> dict[str, Any]:
    answer = await operator.post("/api/v1/tokens", json=wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def enrol(console: Console, secret: str, key: str = "k1", *, replace_host: str = "") -> Granted | Waiting:
    return await console.identity.enrolment.enrol(secret, an_applicant(key), replace_host=replace_host)


async def joined(console: Console, operator: httpx2.AsyncClient, key: str = "k1") -> Granted:
    granted = await enrol(console, (await made(operator))["secret"], key)
    assert isinstance(granted, Granted)
    return granted


async def test_a_token_is_made_shown_and_withdrawn(console: Console) -> None:
    """The secret is shown once, with the command that uses it; the list has the rest."""
    async with console.operator() as operator:
        wanted = {"ttl_seconds": 600, "uses": 3, "labels": {"role": "db", "env": "prod"}, "approval": True}
        token = await made(operator, **wanted)
        secret = token["secret"]
        assert decode_token(secret).id == token["token"]["id"]
        assert token["command"] == f"sysmon-agent enroll {secret}"
        listed = await operator.get("/api/v1/tokens")
        assert listed.json()["tokens"] == [token["token"]]
        assert decode_token(secret).secret not in listed.text
        shown = token["token"]
        assert (shown["uses"], shown["uses_left"], shown["state"], shown["replace"]) == (3, 3, "usable", None)
        assert (shown["labels"], shown["approval"]) == ({"env": "prod", "role": "db"}, True)
        assert shown["expires"] - shown["created"] == 600_000
        assert (await operator.delete(f"/api/v1/tokens/{shown['id']}")).status_code == 204
        assert (await operator.get("/api/v1/tokens")).json()["tokens"][0]["state"] == "revoked"
        assert (await operator.delete("/api/v1/tokens/t9")).json()["code"] == "not_found"


async def test_a_token_is_bound_to_a_host_by_its_name(console: Console) -> None:
    """Whoever makes a token that replaces a host names the host as everywhere."""
    async with console.operator() as operator:
        token = await made(operator, replace="db-01")
        assert token["token"]["replace"] == {"id": f"{2:032x}", "name": "db-01"}
        refused = await operator.post("/api/v1/tokens", json={"replace": "db-99"})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [{"ttl_seconds": 0}, {"uses": "many"}, {"labels": ["role"]}, {"labels": {"": "x"}}, {"lifetime": 5}, [], None],
)
async def test_tokens_that_make_no_sense_are_refused(console: Console, body: object) -> None:
    """What is no token's description is refused with 400."""
    async with console.operator() as operator:
        assert (await operator.post("/api/v1/tokens", json=body)).json()["code"] == "bad_request"


async def test_a_waiting_host_is_seen_and_approved(console: Console) -> None:
    """An operator sees who waits and why, and what became of them."""
    async with console.operator() as operator:
        token = await made(operator, approval=True, labels={"role": "db"})
        assert isinstance(await enrol(console, token["secret"]), Waiting)
        (waiting,) = (await operator.get("/api/v1/enrolments", params={"state": "waiting"})).json()["enrolments"]
        assert (waiting["name"], waiting["address"], waiting["reason"]) == ("host-k1", "192.0.2.7", "approval")
        assert (waiting["public_key"], waiting["labels"]) == (key_hash("k1"), {"role": "db"})
        assert (waiting["token"], waiting["replaces"], waiting["host"]) == (token["token"]["id"], None, None)
        approved = await operator.post(f"/api/v1/enrolments/{waiting['id']}/approve")
        assert approved.json() == waiting | {"state": "approved"}
        granted = await enrol(console, token["secret"])
        assert isinstance(granted, Granted)
        (known,) = (await operator.get("/api/v1/enrolments")).json()["enrolments"]
        assert known["host"] == {"id": granted.certificate.host_id, "name": "host-k1"}
        late = await operator.post(f"/api/v1/enrolments/{waiting['id']}/reject")
        assert (late.status_code, late.json()["code"]) == (409, "conflict")


async def test_a_waiting_replacement_names_its_host(console: Console) -> None:
    """An operator sees whose place a host wants to take before letting it."""
    async with console.operator() as operator:
        token = await made(operator)
        await enrol(console, token["secret"], replace_host="web-01")
        (waiting,) = (await operator.get("/api/v1/enrolments")).json()["enrolments"]
        assert (waiting["reason"], waiting["replaces"]) == ("replace", {"id": f"{1:032x}", "name": "web-01"})
        rejected = await operator.post(f"/api/v1/enrolments/{waiting['id']}/reject")
        assert rejected.json()["state"] == "rejected"
        assert (await operator.get("/api/v1/enrolments", params={"state": "waiting"})).json()["enrolments"] == []


async def test_certificates_are_listed_with_what_they_hang_from(console: Console) -> None:
    """The list begins with the newest and says who signs here and whom agents trust."""
    async with console.operator() as operator:
        first, second = await joined(console, operator, "k1"), await joined(console, operator, "k2")
        listed = (await operator.get("/api/v1/certificates")).json()
        assert listed["issuer"] == {"name": ISSUER.name, "fingerprint": "22" * 32, "expires": ISSUER.expires_ms}
        assert [root["fingerprint"] for root in listed["authority"]] == [ROOT.fingerprint]
        assert listed["aggregator"] == {"serial": "0", "expires": ISSUER.expires_ms}
        serials = [certificate["serial"] for certificate in listed["certificates"]]
        assert serials == [second.certificate.serial, first.certificate.serial]
        one = (await operator.get(f"/api/v1/certificates/{serials[0]}")).json()
        assert one == listed["certificates"][0]
        assert (one["subject"], one["name"], one["state"]) == (second.certificate.host_id, "host-k2", "valid")
        assert (one["role"], one["revoked"], one["reason"]) == ("agent", None, "")
        assert (await operator.get("/api/v1/certificates/99")).status_code == 404


async def test_certificates_come_in_pages(console: Console) -> None:
    """A long list is read page by page, each certificate once."""
    async with console.operator() as operator:
        for number in range(5):
            await joined(console, operator, f"k{number}")
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(3):
            asked = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await operator.get("/api/v1/certificates", params=asked)).json()
            seen += [certificate["serial"] for certificate in page["certificates"]]
            cursor = page["next"]
        assert (seen, cursor) == (["5", "4", "3", "2", "1"], None)
        lost = await operator.get("/api/v1/certificates", params={"cursor": "99"})
        assert lost.json()["code"] == "bad_request"


async def test_certificates_are_chosen_by_host_and_state(console: Console) -> None:
    """One asks for those of one host, or of one state."""
    async with console.operator() as operator:
        first = await joined(console, operator, "k1")
        await joined(console, operator, "k2")
        await operator.post(f"/api/v1/certificates/{first.certificate.serial}/revoke", json={"reason": "lost"})
        (revoked,) = (await operator.get("/api/v1/certificates", params={"state": "revoked"})).json()["certificates"]
        assert (revoked["serial"], revoked["reason"]) == (first.certificate.serial, "lost")
        assert revoked["revoked"] == console.clock.wall_ms()
        of_host = await operator.get("/api/v1/certificates", params={"host": first.certificate.host_id})
        assert len(of_host.json()["certificates"]) == 1
        unknown = await operator.get("/api/v1/certificates", params={"host": "db-99"})
        assert unknown.status_code == 404


async def test_a_host_is_shut_out_by_its_name(console: Console) -> None:
    """An operator shuts a host out, with a reason that is on record."""
    async with console.operator() as operator:
        answer = await operator.post("/api/v1/hosts/web-01/revoke", json={"reason": "stolen"})
        now_ms = console.clock.wall_ms()
        web = {"id": f"{1:032x}", "name": "web-01"}
        assert answer.json() == {"host": web, "revoked": now_ms, "reason": "stolen"}
        assert console.barrier.audited[-1].action == "host.revoke"


@pytest.mark.parametrize("reason", ["x" * 201, "two\nlines", 5])
async def test_reasons_are_short_and_printable(console: Console, reason: object) -> None:
    """What goes into lists and logs is text of one line."""
    async with console.operator() as operator:
        answer = await operator.post("/api/v1/hosts/web-01/revoke", json={"reason": reason})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_an_intermediate_is_shut_out(console: Console) -> None:
    """An admin shuts out all that an intermediate has signed, and then nothing more is signed with it."""
    async with console.operator() as operator:
        granted = await joined(console, operator)
        answer = await operator.post(f"/api/v1/issuers/{ISSUER.name}/revoke", json={"reason": "stolen"})
        assert answer.json() == {"issuer": ISSUER.name}
        shown = (await operator.get(f"/api/v1/certificates/{granted.certificate.serial}")).json()
        assert shown["state"] == "revoked"
        refused = await operator.post("/api/v1/tokens", json={})
        assert (refused.status_code, refused.json()["code"]) == (503, "no_issuer")


async def test_a_rotation_is_begun_and_followed(console: Console) -> None:
    """An admin begins a rotation, and sees how many hosts hang from which intermediate and lack the newest root."""
    async with console.operator() as operator:
        await joined(console, operator)
        console.own.roots = (replace(ROOT, fingerprint="33" * 32), ROOT)
        answer = (await operator.post("/api/v1/certificates/rotate", json={"agents": True})).json()
        assert (answer["asked"], answer["issuer"]["name"], answer["aggregator"]["serial"]) == (1, ISSUER.name, "1")
        progress = (await operator.get("/api/v1/certificates/rotation")).json()
        assert progress["by_issuer"] == [{"issuer": ISSUER.name, "valid": 1}]
        assert progress["without_newest_root"] == 1
        assert len(progress["authority"]) == 2
