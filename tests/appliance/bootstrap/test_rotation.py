"""A running aggregator takes other certificates into use, and connections that are open go on."""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.addresses import Address
from sysmon_agent.errors import IdentityError
from sysmon_appliance.bootstrap import build
from sysmon_appliance.pki.keys import load_key, save_key
from tests.support.aggregator import over, running, settings_in

PASSPHRASE = b"a long enough passphrase"


async def shown_at(address: Address, context: ssl.SSLContext) -> str:
    """Connect, and return the serial number of the certificate that is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", address.port, ssl=context, server_hostname="localhost")
    certificate = writer.get_extra_info("peercert")
    writer.close()
    return str(certificate["serialNumber"])


async def test_every_listener_shows_the_new_certificate(tmp_path: Path) -> None:
    """After a rotation both listeners show new certificates to new connections, and an open one is answered still."""
    settings = settings_in(tmp_path)
    settings = replace(settings, console=replace(settings.console, listen="0.0.0.0:0"))
    context = ssl.create_default_context(cafile=tmp_path / "pki" / "ca.pem")
    async with running(settings) as aggregator, over(settings.console.socket) as local:
        listeners = aggregator.ingest_address, aggregator.console_address
        url = f"https://localhost:{aggregator.console_address.port}"
        async with httpx2.AsyncClient(base_url=url, verify=context) as browser:
            assert (await browser.get("/healthz")).status_code == 200
            before = [await shown_at(address, context) for address in listeners]
            answer = await local.post("/api/v1/certificates/rotate", json={"agents": False}, headers={"X-Sysmon": "1"})
            assert answer.status_code == 200, answer.text
            after = [await shown_at(address, context) for address in listeners]
            assert (await browser.get("/healthz")).status_code == 200
    assert not set(before) & set(after)
    assert answer.json()["aggregator"]["serial"] == f"{int(after[0], 16):x}"


def test_sealed_keys_are_opened_and_made(tmp_path: Path) -> None:
    """With its passphrase an aggregator opens a sealed intermediate and seals its own key; without it ends."""
    settings = settings_in(tmp_path)
    intermediate, own = tmp_path / "pki" / "intermediate-key.pem", tmp_path / "pki" / "aggregator-key.pem"
    save_key(intermediate, load_key(intermediate, None), PASSPHRASE)
    own.unlink()
    with build(settings, SystemClock(), key_passphrase=PASSPHRASE):
        assert b"ENCRYPTED" in own.read_bytes()
    with pytest.raises(IdentityError, match="no passphrase was given"), build(settings, SystemClock()):
        pass
