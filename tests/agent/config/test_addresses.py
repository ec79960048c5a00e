import pytest

from sysmon_agent.config.addresses import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:7443", Address("localhost", 7443)),
        (" 127.0.0.1:0 ", Address("127.0.0.1", 0)),
        ("[::1]:7443", Address("::1", 7443)),
        ("[fe80::1%eth0]:7443", Address("fe80::1%eth0", 7443)),
    ],
)
def test_addresses_are_read_and_written_back(text: str, address: Address) -> None:
    """An address is host and port, with brackets around an IPv6 address."""
    assert parse_address(text) == address
    assert str(address) == text.strip()


@pytest.mark.parametrize("text", ["", "localhost", ":7443", "::1:7443", "a:b", "a:70000", "http://a:1", "a b:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """What lacks a host or a port, or has too much, is refused."""
    with pytest.raises(ValueError, match=r"host and port|port from 0"):
        parse_address(text)
