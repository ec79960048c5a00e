"""The audit log as a service: one check at a time, and a head that is shown from time to time."""

import asyncio
import logging
from dataclasses import dataclass

import pytest

from sysmon_appliance.domain.audit import Head
from sysmon_appliance.errors import StorageError
from sysmon_appliance.services import audit as audit_module
from sysmon_appliance.services.audit import Audit
from tests.support.audit import ListAudit, a_log, head_of

LOG = a_log(1200)


@dataclass
class Failing(ListAudit):
    """Cannot be read as often as there are failures left."""

    failures: int = 0

    def head(self) -> Head:
        if self.failures:
            self.failures -= 1
            raise StorageError("The live database cannot be used.")
        return super().head()


def test_an_export_comes_in_large_pieces() -> None:
    """Many lines travel together, so that a long log is not sent a line at a time."""
    pieces = list(Audit(ListAudit(LOG, head_of(LOG))).export())
    assert [piece.count("\n") for piece in pieces] == [500, 500, 200]


async def test_the_head_is_shown_again_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A head that cannot be read is a warning, and is tried again later."""
    monkeypatch.setattr(audit_module, "ANCHOR_SECONDS", 0.001)
    caplog.set_level(logging.INFO)
    audit = Audit(Failing(LOG, head_of(LOG), failures=2))
    running = asyncio.create_task(audit.run())
    async with asyncio.timeout(20):
        while audit.anchor != head_of(LOG):  # noqa: ASYNC110 - nothing tells of it but the attribute
            await asyncio.sleep(0.001)
    running.cancel()
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "WARNING", "INFO"]


async def test_checks_wait_for_each_other() -> None:
    """Two checks that are asked for at once both answer, one after the other."""
    audit = Audit(ListAudit(LOG, head_of(LOG)))
    first, second = await asyncio.gather(audit.verify(), audit.verify(LOG[3].hash))
    assert first == second
    assert first.intact
