"""What `sysmon-aggregator pki` does."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from cryptography import x509

from sysmon_agent.clock import SystemClock
from sysmon_agent.config.sealing import seal_key
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.config import AggregatorSettings
from sysmon_appliance.files import replace_file
from sysmon_appliance.pki.aggregator import console_files, issuer_files
from sysmon_appliance.pki.certificates import common_name, fingerprint
from sysmon_appliance.pki.files import certificates_in, content_of, using
from sysmon_appliance.pki.issuer_files import IssuerFiles
from sysmon_appliance.pki.keys import key_hash
from sysmon_appliance.pki.requests import requested_intermediate
from sysmon_appliance.pki.times import milliseconds, moment, to_minute

_RELOAD = "next, if it runs: sysmon certs rotate"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A certificate, and what it is for."""

    what: str
    certificate: x509.Certificate


def request(settings: AggregatorSettings, name: str, output: Path | None) -> None:
    """Print a request, or write it, and say how the key is told from another one."""
    pem = _files(settings).request(settings.region, name)
    key, peer = requested_intermediate(pem)
    if output is None:
        typer.echo(pem, nl=False)
    else:
        with using(output.parent):
            replace_file(output, pem)
    typer.echo(f"The aggregator {peer.id} of region {peer.region} asks with the key {key_hash(key)}.", err=True)
    typer.echo("next, where the root is: sysmon pki sign REQUEST --folder DIR --output FILE", err=True)


def install(settings: AggregatorSettings, certificate: Path, authority: Path | None) -> None:
    roots = content_of(authority) if authority is not None else None
    now = moment(SystemClock())
    installed = _files(settings).install(content_of(certificate), roots, region=settings.region, now=now)
    typer.echo(f"{common_name(installed.subject)} issues until {to_minute(installed.not_valid_after_utc)}.")
    typer.echo(_RELOAD, err=True)


def trust(settings: AggregatorSettings, authority: Path) -> None:
    for root in _files(settings).trust(content_of(authority)):
        typer.echo(f"{common_name(root.subject)} is trusted until {to_minute(root.not_valid_after_utc)}.")
    typer.echo(_RELOAD, err=True)


def show(settings: AggregatorSettings, output: Format) -> None:
    shown = list(_shown(settings))
    print_rows(output, lambda: _table(shown), "certificates", [_document(entry) for entry in shown])
    if not _files(settings).intermediate.exists():
        typer.echo("This aggregator has no intermediate: sysmon-aggregator pki request", err=True)
    if _files(settings).pending_key.exists():
        typer.echo("A request waits for its certificate: sysmon-aggregator pki install CERTIFICATE CA", err=True)


def _shown(settings: AggregatorSettings) -> Iterator[_Shown]:
    files = _files(settings)
    places = (
        ("intermediate", files.intermediate),
        ("aggregator", Path(settings.ingest.certificate)),
        ("console", Path(settings.console.certificate or console_files(settings).certificate)),
    )
    for what, place in places:
        if place.exists():
            yield _Shown(what, certificates_in(place)[0])
    for root in files.roots() if files.authority.exists() else ():
        yield _Shown("root", root)


def _table(shown: list[_Shown]) -> Table:
    rows = [
        (
            Cell(entry.what),
            Cell(common_name(entry.certificate.subject)),
            Cell(fingerprint(entry.certificate)),
            Cell(to_minute(entry.certificate.not_valid_after_utc)),
        )
        for entry in shown
    ]
    return Table(("certificate", "name", "fingerprint", "expires"), rows)


def _document(entry: _Shown) -> dict[str, str | int]:
    return {
        "certificate": entry.what,
        "name": common_name(entry.certificate.subject),
        "fingerprint": fingerprint(entry.certificate),
        "expires": milliseconds(entry.certificate.not_valid_after_utc),
    }


def _files(settings: AggregatorSettings) -> IssuerFiles:
    return issuer_files(settings, seal_key(os.environ))
