"""`sysmon-agent check`: everything that delivery needs, one line each, with what to do about it."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sysmon_agent import identity
from sysmon_agent.clock import Clock, SystemClock
from sysmon_agent.config.sealing import seal_key
from sysmon_agent.config.values import AgentSettings, SpoolSettings
from sysmon_agent.enrolment.asking import fetch_authority
from sysmon_agent.enrolment.dialling import Dialling
from sysmon_agent.errors import ExitCode, SpoolInUseError, SysmonError
from sysmon_agent.identity import Certificate, Identity
from sysmon_agent.spool.known import KnownAggregators
from sysmon_agent.spool.lock import FolderLock

MOST_APART_SECONDS = 60.0
"""More between two clocks than this, and somebody should know."""

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    text: str
    error: SysmonError | None = None
    hint: str = ""


def check(settings: AgentSettings, environ: Mapping[str, str], show: Callable[[str], None]) -> int:
    """Show every finding; return the exit code: 0 when nothing is wrong."""
    findings = []
    for finding in examine(settings, environ, SystemClock()):
        show(_line(finding))
        findings.append(finding)
    return _exit_code(findings)


def examine(settings: AgentSettings, environ: Mapping[str, str], clock: Clock) -> Iterator[Finding]:
    """Yield what was found; that there are settings at all means that they are right."""
    yield Finding("settings", f"a tick every {settings.interval_seconds:g} s")
    yield _spool(settings.spool)
    try:
        known = identity.load(settings.tls, clock, seal_key=seal_key(environ))
    except SysmonError as error:
        yield _failure("certificate", error)
        return
    yield from _certificate(known.certificate, clock.wall_ms())
    dialling = Dialling(clock, settings.uplink.timeout_seconds)
    learned = KnownAggregators(settings.spool.directory).read()
    for address in dict.fromkeys((*settings.aggregators, *learned)):
        yield _aggregator(address, known, dialling, clock)


def _spool(settings: SpoolSettings) -> Finding:
    try:
        FolderLock.take(settings.directory).release()
    except SpoolInUseError as error:
        return Finding("spool", f"{settings.directory}, in use: {error.message}")
    except SysmonError as error:
        return _failure("spool", error)
    disk = os.statvfs(settings.directory)
    free = (disk.f_bavail * disk.f_frsize) >> 20
    return Finding("spool", f"{settings.directory}, {free} MiB free")


def _certificate(certificate: Certificate, now_ms: int) -> Iterator[Finding]:
    days = (certificate.expires_ms - now_ms) / _DAY_MS
    peer = certificate.peer
    yield Finding(
        "certificate",
        f"agent {peer.id} of region {peer.region}, serial {certificate.serial}, issued by {certificate.issuer},"
        f" valid until {identity.moment(certificate.expires_ms)} ({days:.1f} days)",
    )
    late = certificate.renew_at_ms < now_ms
    yield Finding(
        "renewal",
        f"{'due since' if late else 'due at'} {identity.moment(certificate.renew_at_ms)}",
        hint="sysmon-agent renew" if late else "",
    )


def _aggregator(address: str, known: Identity, dialling: Dialling, clock: Clock) -> Finding:
    subject = f"aggregator {address}"
    try:
        with dialling.aggregator(address, known.context, region=known.certificate.peer.region) as aggregator:
            before_ms = clock.wall_ms()
            theirs_ms = fetch_authority(aggregator).now_ms
            offset = (theirs_ms - (before_ms + clock.wall_ms()) / 2) / 1000
            text = f"{aggregator.peer.uri} answers, its clock is {abs(offset):.1f} s {_direction(offset)}"
    except SysmonError as error:
        return _failure(subject, error)
    return Finding(subject, text, hint="timedatectl status" if abs(offset) > MOST_APART_SECONDS else "")


def _direction(offset: float) -> str:
    return "ahead" if offset > 0 else "behind"


def _failure(subject: str, error: SysmonError) -> Finding:
    return Finding(subject, error.message, error, error.hint)


def _line(finding: Finding) -> str:
    mark = "fail" if finding.error else "note" if finding.hint else "ok"
    line = f"{mark:4}  {finding.subject}: {finding.text}"
    return f"{line}\n      hint: {finding.hint}" if finding.hint else line


def _exit_code(findings: list[Finding]) -> int:
    failed = [finding for finding in findings if finding.error]
    if not failed:
        return ExitCode.OK
    aggregators = [finding for finding in findings if finding.subject.startswith("aggregator")]
    if all(finding in aggregators for finding in failed):
        return ExitCode.UNREACHABLE if len(failed) == len(aggregators) else ExitCode.PARTIAL
    return ExitCode.FAILURE
