"""What an aggregator's answer means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_agent.loop.answers import refusal_in, reply_in
from sysmon_agent.transport import Response
from sysmon_agent.uplink.signals import Failed, Refused
from sysmon_agent.wire.encode import encode_reply
from sysmon_agent.wire.messages import Reply


def test_a_reply_is_read() -> None:
    """Status 200 carries a reply."""
    assert reply_in(Response(200, {}, encode_reply(Reply(1, 2, 3, 4)))) == Reply(1, 2, 3, 4)


def test_a_reply_that_cannot_be_read_is_a_failure() -> None:
    """A damaged reply releases nothing."""
    assert isinstance(reply_in(Response(200, {}, b"\xff")), Failed)


def test_a_problem_is_read() -> None:
    """A problem document says code and expected number, the header how long to wait."""
    body = b'{"code": "unexpected_tick", "expected": 7, "status": 409}'
    response = Response(409, {"retry-after": "5"}, body)
    assert reply_in(response) is None
    assert refusal_in(response, first=3, last=4) == Refused(409, "unexpected_tick", 7, 5.0, 3, 4)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b'{"code": null, "expected": "7"}', b"\xff"])
def test_what_is_no_problem_document_counts_by_its_status(body: bytes) -> None:
    """A proxy's page or any other body leaves the status to be understood."""
    assert refusal_in(Response(502, {}, body)).status == 502


@given(st.text(max_size=30))
def test_any_retry_after_is_read_or_left(value: str) -> None:
    """A header that is no number of seconds counts as none."""
    assert refusal_in(Response(503, {"retry-after": value}, b"")).retry_after >= 0
