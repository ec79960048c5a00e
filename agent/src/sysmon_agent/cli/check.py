"""`sysmon-agent check`: everything that delivery needs, one line each, with what to do about it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sysmon_agent import identity, transport
from sysmon_agent.clock import Clock, SystemClock
from sysmon_agent.config.values import AgentSettings, SpoolSettings
from sysmon_agent.errors import ExitCode, IdentityError, SpoolInUseError, SysmonError, TransportError
from sysmon_agent.identity import Identity
from sysmon_agent.spool.lock import FolderLock


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    text: str
    error: SysmonError | None = None


def check(settings: AgentSettings, show: Callable[[str], None], clock: Clock | None = None) -> int:
    """Show every finding; return the exit code: 0 when nothing is wrong."""
    findings = []
    for finding in examine(settings, clock or SystemClock()):
        show(_line(finding))
        findings.append(finding)
    return _exit_code(findings)


def examine(settings: AgentSettings, clock: Clock) -> Iterator[Finding]:
    """Yield what was found; that there are settings at all means that they are right."""
    yield Finding("settings", f"a tick every {settings.interval_seconds:g} s")
    yield _spool(settings.spool)
    try:
        known = identity.load(settings.tls, clock)
    except IdentityError as error:
        yield Finding("certificate", error.message, error)
        return
    expires = datetime.fromtimestamp(known.certificate.expires_ms / 1000, UTC)
    yield Finding(
        "certificate", f"agent {known.certificate.peer.id} of region {known.certificate.peer.region}, valid until {expires:%F %R} UTC"
    )
    for address in settings.aggregators:
        yield _aggregator(address, known, settings.uplink.timeout_seconds, clock)


def _spool(settings: SpoolSettings) -> Finding:
    try:
        FolderLock.take(settings.directory).release()
    except SpoolInUseError as error:
        return Finding("spool", f"{settings.directory}, in use: {error.message}")
    except SysmonError as error:
        return Finding("spool", error.message, error)
    disk = os.statvfs(settings.directory)
    free = (disk.f_bavail * disk.f_frsize) >> 20
    return Finding("spool", f"{settings.directory}, {free} MiB free")


def _aggregator(address: str, known: Identity, timeout_seconds: float, clock: Clock) -> Finding:
    subject = f"aggregator {address}"
    try:
        connection = transport.connect(
            address, known.context, monotonic=clock.monotonic, timeout_seconds=timeout_seconds
        )
    except (TransportError, IdentityError) as error:
        return Finding(subject, error.message, error)
    try:
        return Finding(subject, f"{connection.peer.uri} answers")
    finally:
        connection.close()


def _line(finding: Finding) -> str:
    line = f"{'fail' if finding.error else 'ok':4}  {finding.subject}: {finding.text}"
    return f"{line}\n      hint: {finding.error.hint}" if finding.error and finding.error.hint else line


def _exit_code(findings: list[Finding]) -> int:
    failed = [finding for finding in findings if finding.error]
    if not failed:
        return 0
    aggregators = [finding for finding in findings if finding.subject.startswith("aggregator")]
    if all(finding in aggregators for finding in failed):
        return ExitCode.UNREACHABLE if len(failed) == len(aggregators) else ExitCode.PARTIAL
    return 1
