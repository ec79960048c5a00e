"""What `sysmon pki` does."""

from dataclasses import dataclass
from pathlib import Path

import typer
from cryptography import x509

from sysmon_agent.clock import SystemClock
from sysmon_agent.wire.peer import Peer
from sysmon_appliance.cli.confirmation import confirm
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.passphrases import asked_passphrase, given_passphrase
from sysmon_appliance.errors import AuthorityExistsError
from sysmon_appliance.files import replace_file
from sysmon_appliance.pki.certificates import common_name, fingerprint, pem_of
from sysmon_appliance.pki.files import content_of, using
from sysmon_appliance.pki.keys import PublicKey, key_hash
from sysmon_appliance.pki.profiles import CONSUL_PROFILE, INTERMEDIATE_PROFILE, AuthorityProfile
from sysmon_appliance.pki.requests import consul_peer, requested_intermediate, requested_key
from sysmon_appliance.pki.root_folder import RootFolder
from sysmon_appliance.pki.times import milliseconds, moment, to_minute


@dataclass(frozen=True, slots=True)
class Wanted:
    """An authority that is to be signed."""

    what: str  # for the question
    key: PublicKey
    peer: Peer
    profile: AuthorityProfile


def make(folder: Path, name: str, passphrase_file: Path | None) -> None:
    """Make a root, and say what comes next."""
    if RootFolder(folder).exists:  # before anybody is asked for a passphrase
        raise AuthorityExistsError(f"There is an authority in {folder}.", hint=f"sysmon pki show --folder {folder}")
    passphrase = given_passphrase(passphrase_file) or asked_passphrase(new=True)
    root = RootFolder(folder, passphrase=passphrase).make(name, moment(SystemClock()))
    typer.echo(f"{root.name} is in {folder}.")
    if passphrase is None:
        typer.echo("Its key is not sealed: whoever copies the folder can sign intermediates.", err=True)
    typer.echo("next, on each aggregator: sysmon-aggregator pki request --output request.pem", err=True)


def issuer_wanted(request: Path) -> Wanted:
    """Read an aggregator's request; raises BadCsrError, or IdentityError where there is none."""
    key, peer = requested_intermediate(content_of(request))
    what = f"an intermediate that issues for region {peer.region}, to the aggregator {peer.id}"
    return Wanted(what, key, peer, INTERMEDIATE_PROFILE)


def consul_wanted(request: Path, region: str) -> Wanted:
    """Read a request for the authority of a region's Consul; raises as `issuer_wanted` does."""
    key = requested_key(content_of(request))
    return Wanted(f"the authority of region {region}'s Consul", key, consul_peer(region), CONSUL_PROFILE)


def sign(
    folder: Path, wanted: Wanted, output: Path | None, *, old: bool, passphrase_file: Path | None, yes: bool
) -> None:
    """Sign after a confirmation, and print the certificate or write it."""
    typer.echo(f"This signs {wanted.what}.\nIts key: {key_hash(wanted.key)}", err=True)
    confirm("Is that the key that the aggregator shows?", yes=yes)
    root = _unlocked(folder, passphrase_file)
    certificate = root.sign(wanted.key, wanted.peer, profile=wanted.profile, now=moment(SystemClock()), old=old)
    if output is None:
        typer.echo(pem_of([certificate]), nl=False)
        return
    with using(output.parent):
        replace_file(output, pem_of([certificate]))
    typer.echo(f"next, there: sysmon-aggregator pki install {output.name} {root.authority.name}", err=True)


def show(folder: Path, output: Format) -> None:
    roots = RootFolder(folder).roots()
    print_rows(output, lambda: _table(roots), "roots", [_document(root) for root in roots])


def rotate(folder: Path, name: str, *, passphrase_file: Path | None, yes: bool) -> None:
    confirm("Make a new root?", yes=yes)
    root = _unlocked(folder, passphrase_file)
    made = root.rotate(name, moment(SystemClock()))
    typer.echo(f"{made.name} signs from now on; {root.authority} has it and the old root.")
    typer.echo(f"next, on each aggregator: sysmon-aggregator pki trust {root.authority.name}", err=True)


def retire(folder: Path, *, passphrase_file: Path | None, yes: bool) -> None:
    confirm("Is every certificate signed anew, and shall the old root not be trusted any more?", yes=yes)
    root = _unlocked(folder, passphrase_file)
    for retired in root.retire():
        typer.echo(f"{common_name(retired.subject)} is retired.")
    typer.echo(f"next, on each aggregator: sysmon-aggregator pki trust {root.authority.name}", err=True)


def _unlocked(folder: Path, passphrase_file: Path | None) -> RootFolder:
    passphrase = given_passphrase(passphrase_file)
    if passphrase is None and RootFolder(folder).is_sealed:
        passphrase = asked_passphrase(new=False)
    return RootFolder(folder, passphrase=passphrase)


def _table(roots: tuple[x509.Certificate, ...]) -> Table:
    rows = [
        (Cell(common_name(root.subject)), Cell(fingerprint(root)), Cell(to_minute(root.not_valid_after_utc)))
        for root in roots
    ]
    return Table(("name", "fingerprint", "expires"), rows)


def _document(root: x509.Certificate) -> dict[str, str | int]:
    return {
        "name": common_name(root.subject),
        "fingerprint": fingerprint(root),
        "expires": milliseconds(root.not_valid_after_utc),
    }
