"""Addresses as people write them: HOST:PORT, with brackets around an IPv6 address."""

import re
from dataclasses import dataclass

MAX_CHARACTERS = 270
"""A name in the DNS has 253 at most; then come colon and port."""

MAX_LISTED = 16
"""Addresses that are read of one list."""

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.%A-Za-z]+)\]|([^\s:\[\]/]+)):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """A place to listen at or to connect to."""

    host: str  # without brackets
    port: int  # 0 means any free one, where something listens

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read HOST:PORT.

    Raises
    ------
    ValueError
        The text is no address; the message says what to write.
    """
    match = _ADDRESS.fullmatch(text.strip())
    if match is None:
        raise ValueError("write host and port, such as localhost:7443 or [::1]:7443")
    port = int(match[3])
    if port > 65_535:
        raise ValueError("give a port from 0 to 65535")
    return Address(match[1] or match[2], port)


def destination(value: object) -> str:
    """Return an address to connect to as it is usually written; an empty string where the value, a peer's, is none."""
    if not isinstance(value, str) or len(value) > MAX_CHARACTERS or not (value.isascii() and value.isprintable()):
        return ""
    try:
        address = parse_address(value)
    except ValueError:
        return ""
    return str(address) if address.port else ""


def destinations(value: object) -> tuple[str, ...]:
    """Return the addresses of a list, a peer's; what is none is left out, and what is too much as well."""
    named = map(destination, value[:MAX_LISTED]) if isinstance(value, list) else ()
    return tuple(filter(None, named))
