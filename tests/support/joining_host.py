"""A host that joins a region: the agent's code on a folder of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sysmon_agent import identity
from sysmon_agent.clock import Clock, SystemClock
from sysmon_agent.config.values import AgentSettings, SpoolSettings, TlsSettings, UplinkSettings
from sysmon_agent.enrolment.asking import Grant, Waiting
from sysmon_agent.enrolment.dialling import Dialling
from sysmon_agent.enrolment.enrolling import Enrolling, Wait, Wish
from sysmon_agent.enrolment.renewing import Renewal, waiting_error
from sysmon_agent.identity import Certificate
from sysmon_agent.wire.token import decode_token

TIMEOUT_SECONDS = 20.0


def refuse_to_wait(waiting: Waiting) -> None:
    raise waiting_error(waiting)


@dataclass
class Joining:
    """One host. `clock` is what it believes the time to be."""

    folder: Path
    clock: Clock = field(default_factory=SystemClock)
    password: bytes = b""

    @property
    def tls(self) -> TlsSettings:
        return TlsSettings(
            certificate=str(self.folder / "agent.pem"),
            key=str(self.folder / "agent-key.pem"),
            authority=str(self.folder / "ca.pem"),
        )

    @property
    def certificate(self) -> Certificate:
        """What is installed, and can be used."""
        return identity.load(self.tls, self.clock, seal_key=self.password).certificate

    def enroll(self, token: str, *, name: str = "web-01", replace: str = "", wait: Wait = refuse_to_wait) -> Grant:
        return Enrolling(
            decode_token(token),
            Wish(name, replace),
            self.tls,
            password=self.password,
            dialling=Dialling(self.clock, TIMEOUT_SECONDS),
            clock=self.clock,
        ).run(wait)

    def renewal(self, aggregators: Sequence[str]) -> Renewal:
        settings = AgentSettings(
            aggregators=tuple(aggregators),
            tls=self.tls,
            spool=SpoolSettings(directory=str(self.folder.parent / "spool")),
            uplink=UplinkSettings(timeout_seconds=TIMEOUT_SECONDS),
        )
        return Renewal(settings, self.clock, seal_key=self.password or None)
