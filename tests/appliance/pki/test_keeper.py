"""An aggregator's certificates are renewed while it runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sysmon_agent.errors import IdentityError
from sysmon_appliance.domain.authorities import OwnCertificates
from sysmon_appliance.pki.certificates import fingerprint
from sysmon_appliance.pki.issuer import IssuingAuthority
from sysmon_appliance.pki.keeper import Keeper
from sysmon_appliance.pki.names import LOOPBACK
from sysmon_appliance.pki.profiles import AGGREGATOR_PROFILE
from sysmon_appliance.pki.server_identity import ServerFiles, ServerIdentity
from sysmon_appliance.pki.times import moment
from tests.support.clock import ManualClock
from tests.support.pki import Station, station

DAY = 86_400


@dataclass
class Kept:
    """A keeper with its parts; `reloads` counts how often files were taken into use."""

    station: Station
    files: ServerFiles
    clock: ManualClock
    issuer: IssuingAuthority
    reloads: list[str] = field(default_factory=list)

    def keeper(self, *, given: bool = False) -> Keeper:
        """Make a keeper; one whose aggregator was `given` its certificate has nothing to renew."""
        own = ServerIdentity(self.issuer, AGGREGATOR_PROFILE, self.files, names=LOOPBACK, clock=self.clock)
        own.ensure()
        return Keeper(
            None if given else self.issuer,
            [] if given else [own],
            certificate=self.files.certificate,
            authority=self.station.files.authority,
            reloads=[lambda: self.reloads.append("reload")],
            clock=self.clock,
        )


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    clock = ManualClock()
    made = station(tmp_path, clock)
    files = ServerFiles(made.files.folder / "aggregator.pem", made.files.folder / "aggregator-key.pem")
    return Kept(made, files, clock, made.issuer)


@asynccontextmanager
async def running(keeper: Keeper) -> AsyncIterator[None]:
    task = asyncio.create_task(keeper.run(look_seconds=0.001))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(seen: Callable[[], bool]) -> None:
    for _ in range(30_000):
        if seen():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("waited in vain")


async def until_changed(keeper: OwnCertificates, serial: str) -> None:
    await until(lambda: keeper.standing().serial != serial)


async def until_logged(caplog: pytest.LogCaptureFixture, event: str) -> None:
    await until(lambda: event in caplog.messages)


def test_the_standing_names_issuer_roots_and_certificate(kept: Kept) -> None:
    """What is in use is told with names, fingerprints and ends."""
    standing = kept.keeper().standing()
    assert standing.issuer is not None
    assert standing.issuer.name == kept.issuer.name
    assert [root.fingerprint for root in standing.roots] == [fingerprint(root) for root in kept.station.root.roots()]
    assert standing.expires_ms == kept.clock.wall + 30 * DAY * 1000


async def test_a_certificate_is_renewed_when_it_is_due(kept: Kept) -> None:
    """At two thirds of its life the certificate is replaced, and listeners take the new one into use."""
    keeper = kept.keeper()
    before = keeper.standing()
    async with running(keeper):
        kept.clock.advance(20 * DAY)
        await until_changed(keeper, before.serial)
    assert kept.reloads == ["reload"]
    assert keeper.standing().expires_ms == kept.clock.wall + 30 * DAY * 1000


async def test_what_fails_is_logged_and_tried_again(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    """A renewal that fails is told with its reason, and made up for when the reason has gone."""
    keeper = kept.keeper()
    before = keeper.standing()
    folder, aside = kept.station.files.folder, kept.station.files.folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("a file in the way")
    with caplog.at_level(logging.WARNING):
        async with running(keeper):
            kept.clock.advance(20 * DAY)
            await until_logged(caplog, "The aggregator's certificates could not be renewed.")
            folder.unlink()
            aside.rename(folder)
            await until_changed(keeper, before.serial)
    assert kept.reloads == ["reload"]


async def test_an_intermediate_that_ends_is_told_once_a_day(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    """In the last third of an intermediate's life the log reminds of it, with the command that helps."""
    event = "The intermediate of this aggregator is to be replaced."
    keeper = kept.keeper()
    with caplog.at_level(logging.WARNING):
        async with running(keeper):
            await asyncio.sleep(0.05)
            assert event not in caplog.messages
            kept.clock.advance(250 * DAY)
            await until_logged(caplog, event)
            await asyncio.sleep(0.05)
    assert caplog.messages.count(event) == 1


async def test_a_rotation_reads_everything_anew(kept: Kept) -> None:
    """A rotation takes the roots and the intermediate that were put in place into use, and shows a new certificate."""
    keeper = kept.keeper()
    before = keeper.standing()
    kept.station.root.rotate("test", moment(kept.clock))
    kept.station.install(kept.station.signed())
    await keeper.rotate()
    after = keeper.standing()
    assert after.issuer != before.issuer
    assert after.serial != before.serial
    assert after.roots[1:] == before.roots
    assert kept.reloads == ["reload"]


async def test_a_rotation_that_cannot_be_changes_nothing(kept: Kept) -> None:
    """A rotation to what cannot be used fails, and what was in use still is."""
    keeper = kept.keeper()
    before = keeper.standing()
    kept.station.files.intermediate.write_text("garbage")
    with pytest.raises(IdentityError):
        await keeper.rotate()
    assert keeper.standing() == before
    assert not kept.reloads


async def test_a_certificate_that_was_given_is_read_again(kept: Kept) -> None:
    """An aggregator without an intermediate takes the certificate that was put in place into use."""
    keeper = kept.keeper(given=True)
    before = keeper.standing()
    assert before.issuer is None
    ServerIdentity(kept.issuer, AGGREGATOR_PROFILE, kept.files, names=LOOPBACK, clock=kept.clock).renew()
    await keeper.rotate()
    assert keeper.standing().serial != before.serial
    assert kept.reloads == ["reload"]
