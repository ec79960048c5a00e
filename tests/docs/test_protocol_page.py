"""The page of the protocol is what the program speaks."""

import re
from dataclasses import asdict

from sysmon_agent.wire.messages import DEFAULT_LIMITS
from tests.support.tree import read

PAGE = "docs/reference/protocol.md"


def test_page_shows_the_published_messages() -> None:
    """The page ends with the published .proto file, letter by letter."""
    (shown,) = re.findall(r"```proto\n(.*?)```", read(PAGE), re.DOTALL)
    assert shown == read("agent/src/sysmon_agent/wire/sysmon.proto")


def test_page_lists_every_limit() -> None:
    """The page lists each limit of the decoder with its value."""
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", read(PAGE), re.MULTILINE)
    assert {name: int(value) for name, value in rows} == asdict(DEFAULT_LIMITS)
