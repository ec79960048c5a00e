"""`sysmon certs`: the certificates of hosts, and what they hang from."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from sysmon_agent.clock import SystemClock
from sysmon_appliance.cli import options
from sysmon_appliance.cli.confirmation import Yes, confirm
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.timing import left_cell, moment_cell
from sysmon_appliance.domain.identities import CertificateState

app = typer.Typer(help="Look at certificates of hosts, and revoke them.", no_args_is_help=True, rich_markup_mode=None)

_NARROW = ("serial", "name", "state", "expires", "renewal", "issuer")
_WIDE = (*_NARROW, "issued", "subject", "revoked", "reason")
_PAGE = 1000
_STYLES = {CertificateState.VALID: "green", CertificateState.EXPIRED: "yellow", CertificateState.REVOKED: "red"}

Serial = Annotated[str, typer.Argument(metavar="SERIAL", help="Serial number, as `sysmon certs list` shows it.")]


@app.command("list")
def list_certificates(
    *,
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="Only those of this host.")] = None,
    state: Annotated[CertificateState | None, typer.Option("--state", help="Only those of this state.")] = None,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """List certificates of hosts, the newest first."""
    with connect(socket, context) as client:
        found = list(client.pages("/api/v1/certificates", "certificates", host=host, state=state, limit=_PAGE))
    names = _WIDE if output is Format.WIDE else _NARROW
    print_rows(output, lambda: _table(found, names, SystemClock().wall_ms()), "certificates", found)


@app.command("show")
def show(
    serial: Serial,
    *,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Show all that is known of a certificate."""
    with connect(socket, context) as client:
        found = client.get(_path(serial))
    print_rows(output, lambda: _described(found, SystemClock().wall_ms()), "certificates", [found])


@app.command("revoke")
def revoke(
    serial: Serial,
    *,
    reason: options.Reason = "",
    yes: Yes = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Shut out the host that has this certificate, at its next request; a new token lets it in again."""
    with connect(socket, context) as client:
        name = client.get(_path(serial))["name"]
        confirm(f"Shut out {name} with every certificate that it has?", yes=yes)
        client.post(f"{_path(serial)}/revoke", {"reason": reason})
    typer.echo(f"{name} is shut out.")


@app.command("revoke-issuer")
def revoke_issuer(
    issuer: Annotated[str, typer.Argument(metavar="NAME", help="Name of the intermediate.")],
    *,
    reason: options.Reason = "",
    yes: Yes = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Shut out every host whose certificate this intermediate has signed, for when its key was stolen."""
    with connect(socket, context) as client:
        confirm(f"Shut out every host that has its certificate from {issuer}?", yes=yes)
        client.post(f"/api/v1/issuers/{quote(issuer, safe='')}/revoke", {"reason": reason})
    typer.echo(f"Nothing that {issuer} has signed counts any more.")


@app.command("rotate")
def rotate(
    *,
    agents: Annotated[
        bool, typer.Option("--agents", help="Ask every agent for a new certificate within ten minutes.")
    ] = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Take roots and intermediate as they are on disk now into use, and renew the aggregator's own certificates."""
    with connect(socket, context) as client:
        rotated = client.post("/api/v1/certificates/rotate", {"agents": agents})
    typer.echo(f"The aggregator has a new certificate, {rotated['aggregator']['serial']}.")
    if agents:
        typer.echo(
            f"{rotated['asked']} agents were asked to renew theirs; `sysmon certs rotation` shows how far it is."
        )


@app.command("rotation")
def rotation(
    *,
    output: options.Output = Format.TABLE,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Show how far a rotation is: trusted roots, and how many hosts have which issuer's certificate."""
    with connect(socket, context) as client:
        progress = client.get("/api/v1/certificates/rotation")
    print_rows(output, lambda: Table(("what", "name", "value"), list(_progress(progress))), "rotation", [progress])


def _path(serial: str) -> str:
    return f"/api/v1/certificates/{quote(serial, safe='')}"


def _progress(progress: Any) -> Iterator[Sequence[Cell]]:
    for root in progress["authority"]:
        until = moment_cell(root["expires"])
        yield Cell("root"), Cell(root["name"], style="bold"), Cell(f"until {until.text}", value=until.value)
    for share in progress["by_issuer"]:
        yield Cell("hosts by issuer"), Cell(share["issuer"]), Cell(str(share["valid"]))
    missing = progress["without_newest_root"]
    yield Cell("hosts without"), Cell("the newest root"), Cell(str(missing), style="yellow" if missing else "green")


def _table(certificates: Sequence[Any], names: Sequence[str], now_ms: int) -> Table:
    return Table(names, [[_cell(certificate, name, now_ms) for name in names] for certificate in certificates])


def _described(certificate: Any, now_ms: int) -> Table:
    rows = [(Cell(name), _cell(certificate, name, now_ms)) for name in ("role", *_WIDE)]
    return Table(("property", "value"), rows)


def _cell(certificate: Any, name: str, now_ms: int) -> Cell:
    match name:
        case "name":
            return Cell(certificate["name"], style="bold")
        case "state":
            return Cell(certificate["state"], style=_STYLES.get(CertificateState(certificate["state"]), ""))
        case "expires":
            return left_cell(certificate["expires"], now_ms)
        case "renewal":
            return moment_cell(certificate["renew_at"])
        case "issued" | "revoked":
            return moment_cell(certificate[name])
    return Cell(certificate[name])
