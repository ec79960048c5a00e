"""Simulated hosts join and stay members of a real region."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.addresses import parse_address
from sysmon_agent.config.values import TlsSettings
from sysmon_agent.errors import TransportError
from sysmon_appliance.demo.membership import Membership, Office, Papers
from sysmon_appliance.pki.certificates import serial_of
from sysmon_appliance.pki.files import certificates_in
from tests.support.clock import ManualClock
from tests.support.region import OPERATOR, Region, region_in

DAY = 86_400


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    with region_in(tmp_path / "region") as region:
        yield region


@pytest.fixture
def clock() -> ManualClock:
    """The hosts' own, which shows the time of day at first."""
    return ManualClock(wall_ms=SystemClock().wall_ms())


class Host:
    """A simulated host's files, and its way to the region."""

    def __init__(self, folder: Path, region: Region, clock: ManualClock) -> None:
        self.region = region
        self._clock = clock
        self.tls = TlsSettings(
            certificate=str(folder / "host.pem"),
            key=str(folder / "host-key.pem"),
            authority=str(folder.parent / "region" / "pki" / "ca.pem"),
        )

    def member(self, token: str = "") -> Membership:
        """Start it, as after a restart of the program."""
        office = Office(parse_address(self.region.address), asyncio.Semaphore(2))
        return Membership("db-01", Papers(self.tls, token), office, self._clock)

    def has_certificate(self) -> bool:
        return Path(self.tls.certificate).exists()

    def lose_certificate(self) -> None:
        Path(self.tls.certificate).unlink()

    @contextmanager
    def without_authority(self) -> Iterator[None]:
        """Nobody is trusted in the meantime."""
        authority = Path(self.tls.authority)
        hidden = authority.rename(authority.with_suffix(".hidden"))
        try:
            yield
        finally:
            hidden.rename(authority)

    @property
    def serial(self) -> str:
        return serial_of(certificates_in(Path(self.tls.certificate))[0])

    @property
    def key_mode(self) -> int:
        return Path(self.tls.key).stat().st_mode

    @property
    def key(self) -> bytes:
        return Path(self.tls.key).read_bytes()


@pytest.fixture
def host(tmp_path: Path, region: Region, clock: ManualClock) -> Host:
    return Host(tmp_path / "host", region, clock)


async def join(host: Host, token: str = "") -> Membership:
    member = host.member(token)
    await connect(member)
    return member


async def connect(member: Membership) -> None:
    await (await member.connect()).end()


async def make_token(region: Region) -> str:
    return await asyncio.to_thread(region.token)


async def test_a_token_makes_a_host_a_member(host: Host) -> None:
    """A simulated host joins over the route that real ones use, and its key is private."""
    member = await join(host, await make_token(host.region))
    assert len(host.region.hosts()) == 1
    assert not member.is_due
    assert host.key_mode & 0o077 == 0


async def test_a_member_comes_back_without_a_token(host: Host) -> None:
    """After a restart the host connects with the certificate that it has."""
    await join(host, await make_token(host.region))
    serial = host.serial
    await join(host)
    assert host.serial == serial


async def test_a_certificate_is_renewed_when_it_is_time(host: Host, clock: ManualClock) -> None:
    """At two thirds of its life, and after its end too, the host gets another certificate for its key."""
    member = await join(host, await make_token(host.region))
    serial, key = host.serial, host.key
    clock.advance(1.5 * DAY)
    assert member.is_due
    await connect(member)
    assert host.serial != serial
    assert host.key == key


async def test_an_aggregator_may_ask_for_it(host: Host) -> None:
    """A host that is asked to renew its certificate does so at its next connection."""
    member = await join(host, await make_token(host.region))
    serial = host.serial
    member.renew_soon()
    assert member.is_due
    await connect(member)
    assert host.serial != serial


async def test_the_same_token_after_a_crash_costs_no_use(host: Host) -> None:
    """A host that asks again with its token and its key is the same host."""
    token = await make_token(host.region)
    await join(host, token)
    host.lose_certificate()
    await join(host, token)
    assert len(host.region.hosts()) == 1


async def test_a_token_that_is_no_good_is_an_error(host: Host) -> None:
    """A host that is refused says so at each attempt, and has no certificate."""
    token = await make_token(host.region)
    identity = host.region.listener.identity
    (made,) = identity.tokens.all()
    await asyncio.to_thread(host.region.do, identity.tokens.revoke(made.id, OPERATOR))
    member = host.member(token)
    for _ in range(2):
        with pytest.raises(TransportError, match="status 403"):
            await member.connect()
    assert not host.has_certificate()


async def test_a_failed_renewal_disturbs_nothing(host: Host, clock: ManualClock) -> None:
    """Where a renewal fails the host goes on with what it has, and tries again a little later."""
    member = await join(host, await make_token(host.region))
    clock.advance(1.5 * DAY)
    with host.without_authority(), pytest.raises(OSError, match="No such file"):
        await member.connect()
    assert not member.is_due
    await connect(member)
    clock.advance(60)
    assert member.is_due
