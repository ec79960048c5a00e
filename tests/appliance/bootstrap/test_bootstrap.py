import asyncio
import socket
import ssl
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import ConfigError, IdentityError
from sysmon_agent.wire.encode import encode_hello
from sysmon_appliance.bootstrap import build
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.errors import StorageError
from tests.support.aggregator import over, running, settings_in
from tests.support.authority import LocalAuthority
from tests.support.pushes import HOST, a_hello
from tests.support.raw_agent import RawAgent, tls_context


@pytest.fixture
def settings(tmp_path: Path) -> AggregatorSettings:
    return settings_in(tmp_path)


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def mode_of(path: str) -> int | None:
    """Return a file's mode, or None where there is no file."""
    return stat.S_IMODE(Path(path).stat().st_mode) if Path(path).exists() else None


def refused(settings: AggregatorSettings, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match), build(settings, SystemClock()):
        pass


async def test_all_listeners_answer_when_ready(settings: AggregatorSettings) -> None:
    """A ready aggregator answers on console and socket, and its ingest port speaks TLS."""
    async with running(settings) as aggregator, over(settings.console.socket) as local:
        assert (await local.get("/readyz")).json()["ready"] is True
        assert (await local.get("/api/v1/fleet")).json()["hosts"] == []
        async with httpx2.AsyncClient(base_url=f"http://{aggregator.console_address}") as browser:
            assert (await browser.get("/healthz")).status_code == 200
            assert (await browser.get("/api/v1/fleet")).status_code == 401
        address = aggregator.ingest_address
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert not (await reader.read(3)).startswith(b"HTT")
        writer.close()


async def test_links_carry_the_port_that_is_used(settings: AggregatorSettings) -> None:
    """Where the system chose the console's port, links name it, and a link opens the console once."""
    async with running(settings) as aggregator, over(settings.console.socket) as local:
        link = (await local.post("/api/v1/links")).json()["url"]
        assert link.startswith(f"http://{aggregator.console_address}/link/")
        async with httpx2.AsyncClient() as browser:
            assert (await browser.get(link)).status_code == 303
            assert (await browser.get(f"http://{aggregator.console_address}/api/v1/fleet")).status_code == 200
            assert (await browser.get(link)).status_code == 403


async def test_a_single_aggregator_leads_itself(settings: AggregatorSettings) -> None:
    """Without others, what is committed is durable, and there is nobody to hand the lead to."""
    async with running(settings) as aggregator, over(settings.console.socket) as local:
        await local.post("/api/v1/links")
        region = (await local.get("/api/v1/ha")).json()
        assert (region["topology"], region["assurance"], region["degraded"]) == ("single", "committed", "")
        assert region["leader"]["ingest"] == str(aggregator.ingest_address)
        assert region["durable"]["at"] is not None
        assert (await local.post("/api/v1/ha/handoff", json={})).json()["code"] == "conflict"


async def test_open_pages_do_not_hold_up_the_end(settings: AggregatorSettings) -> None:
    """An aggregator that is asked to stop ends its event streams and stops, and its socket is gone."""
    async with over(settings.console.socket) as local, running(settings):
        assert mode_of(settings.console.socket) == 0o600
        stream = local.stream("GET", "/api/v1/events")
        answer = await stream.__aenter__()
        assert answer.status_code == 200
    await stream.__aexit__(None, None, None)
    assert mode_of(settings.console.socket) is None


async def test_each_start_is_a_new_epoch(settings: AggregatorSettings) -> None:
    """An aggregator that starts again on the same folder has a higher epoch."""
    epochs = []
    for _ in range(2):
        async with running(settings), over(settings.console.socket) as local:
            epochs.append((await local.get("/version")).json()["epoch"])
    assert epochs == [1, 2]


async def test_an_epoch_that_is_raised_while_it_runs_is_shown(settings: AggregatorSettings, tmp_path: Path) -> None:
    """When an agent has seen a later epoch, pages, versions and metrics name the one that ingest has risen to."""
    issued = LocalAuthority.open(tmp_path / "pki", SystemClock()).agent(HOST)
    async with running(settings) as aggregator, over(settings.console.socket) as local:
        agent = RawAgent(aggregator.ingest_address.port, tls_context(str(issued.authority), issued))
        await asyncio.to_thread(agent.post, "/v1/hello", encode_hello(a_hello(epoch=57)))
        agent.close()
        assert (await local.get("/version")).json()["epoch"] == 58
        assert (await local.get("/api/v1/fleet")).json()["epoch"] == 58
        assert "sysmon_epoch 58.0" in (await local.get("/metrics")).text


async def test_the_console_speaks_tls_with_a_certificate(settings: AggregatorSettings) -> None:
    """A console with a certificate speaks TLS, and its links say so."""
    console = replace(settings.console, certificate=settings.ingest.certificate, key=settings.ingest.key)
    async with running(replace(settings, console=console)), over(console.socket) as local:
        assert (await local.post("/api/v1/links")).json()["url"].startswith("https://127.0.0.1:")


@pytest.mark.parametrize("name", ["ingest", "console"])
def test_a_port_in_use_is_told_by_its_setting(settings: AggregatorSettings, taken: str, name: str) -> None:
    """A port that another program uses is told with the setting to change."""
    changed = replace(getattr(settings, name), listen=taken)
    refused(replace(settings, **{name: changed}), ConfigError, rf"{name}\.listen: cannot listen at {taken}")


def test_a_console_beyond_this_machine_needs_tls(settings: AggregatorSettings, tmp_path: Path) -> None:
    """A console that others can reach is not served without a certificate, where the aggregator can make none."""
    (tmp_path / "pki" / "intermediate.pem").unlink()
    console = replace(settings.console, listen="0.0.0.0:0")
    refused(replace(settings, console=console), ConfigError, "beyond this machine")


def test_certificate_and_key_come_together(settings: AggregatorSettings) -> None:
    """A console's certificate without its key is a fault of the settings."""
    console = replace(settings.console, certificate=settings.ingest.certificate)
    refused(replace(settings, console=console), ConfigError, "must be set together")


def test_a_console_certificate_that_is_missing_is_told(settings: AggregatorSettings) -> None:
    """A console's certificate that cannot be read is told with the setting."""
    console = replace(settings.console, certificate="/none.pem", key="/none.pem")
    refused(replace(settings, console=console), IdentityError, r"/none\.pem")


async def test_a_console_beyond_this_machine_gets_a_certificate(settings: AggregatorSettings, tmp_path: Path) -> None:
    """A console that others can reach is served with TLS by a certificate of the aggregator's own intermediate."""
    console = replace(settings.console, listen="0.0.0.0:0")
    async with running(replace(settings, console=console)) as aggregator:
        context = ssl.create_default_context(cafile=tmp_path / "pki" / "ca.pem")
        url = f"https://127.0.0.1:{aggregator.console_address.port}"
        async with httpx2.AsyncClient(base_url=url, verify=context) as browser:
            assert (await browser.get("/healthz")).status_code == 200


def test_an_intermediate_of_another_region_is_told(settings: AggregatorSettings) -> None:
    """An aggregator whose settings name another region than its intermediate does not start."""
    refused(replace(settings, region="elsewhere"), IdentityError, "region local")


def test_an_ingest_certificate_that_is_missing_is_told(settings: AggregatorSettings, tmp_path: Path) -> None:
    """An aggregator that has no certificate, and can make none, says which file is missing."""
    (tmp_path / "pki" / "intermediate.pem").unlink()
    ingest = replace(settings.ingest, certificate="/none.pem")
    refused(replace(settings, ingest=ingest), IdentityError, r"/none\.pem")


async def test_a_folder_in_use_is_told(settings: AggregatorSettings, tmp_path: Path) -> None:
    """A second aggregator on one data folder is refused, and the first goes on."""
    second = replace(settings, console=replace(settings.console, socket=str(tmp_path / "other.sock")))
    async with running(settings), over(settings.console.socket) as local:
        refused(second, StorageError, "uses the data folder")
        assert (await local.get("/healthz")).status_code == 200


async def test_a_failed_start_leaves_nothing_bound(settings: AggregatorSettings, tmp_path: Path) -> None:
    """A start that fails lets go of what it had, so the next one succeeds."""
    live = tmp_path / "live"
    live.touch()
    refused(settings, StorageError, "live")
    assert mode_of(settings.console.socket) is None
    live.unlink()
    async with running(settings):
        pass
