"""What a standby says to the leader: how far it has read back, and where a request came from that it passes on.

The latter travels in one header of a connection on which a certificate of an aggregator was shown; nobody else's is
looked at. A standby removes whatever a client puts in its place.
"""

import json
from typing import Literal

import msgspec
from starlette.types import Scope

from sysmon_agent.errors import MalformedMessage
from sysmon_appliance.domain.durability import ReadBack
from sysmon_appliance.domain.leadership import Node

STANDBY_PATH, FORWARDED_PATH = "/v1/standby", "/v1/forwarded"
"""Routes of the ingest listener for aggregators: what one has read back, and requests of others that it passes on."""

HEADER = b"sysmon-forwarded"
MARK_HEADER = b"sysmon-mark"
"""Of the leader's answer: whoever has read this mark out of the replica sees what the request has changed."""

MAX_BODY_BYTES = 1 << 20
"""Of a request that is passed on; no route of the API takes more."""

_KEY = "forwarded"


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a standby has read back, and where it is found."""

    node: Node
    read_back: ReadBack


class Forwarded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a request came from, and how whoever sent it calls the console."""

    client: str  # the address that it came from; empty over the Unix socket
    scheme: Literal["http", "https"]
    base_url: str  # the console's, as whoever asks knows it
    account: str = ""  # of the standby's machine, where it came over its Unix socket

    def header(self) -> bytes:
        """Write it as the header's value."""
        return json.dumps(msgspec.to_builtins(self)).encode("ascii")  # msgspec itself would write letters beyond ASCII

    @classmethod
    def read(cls, value: bytes) -> "Forwarded":
        """Read the header's value.

        Raises
        ------
        MalformedMessage
            It is none.
        """
        try:
            return msgspec.json.decode(value, type=cls)
        except (msgspec.DecodeError, ValueError) as error:
            raise MalformedMessage(f"The header {HEADER.decode()} cannot be read: {error}.") from error


def mark_forwarded(scope: Scope, forwarded: Forwarded) -> None:
    """Note in a request's state where it came from."""
    scope["state"][_KEY] = forwarded


def forwarded_of(scope: Scope) -> Forwarded | None:
    """Return where a request came from that a standby has passed on; None where it came by itself."""
    found: Forwarded | None = scope.get("state", {}).get(_KEY)
    return found
