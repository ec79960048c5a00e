"""`sysmon history import`: history out of files."""

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from sysmon_agent.errors import AnswerError, SysmonError
from sysmon_appliance.cli import options
from sysmon_appliance.cli.client import Client
from sysmon_appliance.cli.confirmation import Yes, confirm
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.progress import progress
from sysmon_appliance.errors import StorageError
from sysmon_appliance.export.names import Format, format_of

_IMPORTS = "/api/v1/imports"
_LOOK_SECONDS = 0.5
_PAUSE_SECONDS = 5.0
_CANCEL_SECONDS = 5.0
_TOO_OFTEN = 429


def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files to read; they are one import.")],
    *,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Format; by default what a file's name ends with says.", show_default=False),
    ] = None,
    create_hosts: Annotated[
        bool, typer.Option("--create-hosts", help="Make hosts that are not known, without a certificate.")
    ] = False,
    yes: Yes = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Read values of series from files: CSV, Parquet or OpenMetrics, as `sysmon history export` writes them.

    Ticks that the aggregator has already stay as they are, so importing twice changes nothing. Where something is
    wrong with a file, nothing of any is imported.
    """
    from sysmon_appliance.cli.import_requests import check_readable, requests_of  # noqa: PLC0415 - loads NumPy

    chosen = [(file, form or format_of(file.name)) for file in files]
    check_readable(chosen)
    what = files[0].name if len(files) == 1 else f"{len(files)} files"
    confirm(f"Import {what}? What is stored stays until its retention ends.", yes=yes)
    with connect(socket, context) as client, _begun(client, create_hosts=create_hosts) as path:
        with progress("Reading") as advance:
            for request in requests_of(chosen, advance):
                _send(client, f"{path}/values", request)
        with progress("Storing"):
            done = _finished(client, path)
    typer.echo(_summary(done), err=True)


@contextmanager
def _begun(client: Client, *, create_hosts: bool) -> Iterator[str]:
    """Begin an import, and return its path; it is dropped where the block fails."""
    path = f"{_IMPORTS}/{client.post(_IMPORTS, {'create_hosts': create_hosts})['id']}"
    try:
        yield path
    except BaseException:
        client.be_patient(_CANCEL_SECONDS)  # on another connection: an answer may be under way on this one
        with contextlib.suppress(SysmonError):
            client.delete(path)
        raise


def _send(client: Client, path: str, request: Any) -> None:
    """Send values, as fast as the aggregator takes them."""
    while True:
        try:
            client.post(path, request)
        except AnswerError as error:
            if error.status != _TOO_OFTEN:
                raise
            threading.Event().wait(_PAUSE_SECONDS)
        else:
            return


def _finished(client: Client, path: str) -> Any:
    """Have all stored, and wait for the end.

    Raises
    ------
    StorageError
        Nothing was stored.
    """
    client.post(f"{path}/finish")
    while True:
        found = client.get(path)
        if found["state"] == "done":
            return found
        if found["state"] == "failed":
            raise StorageError(found["problem"], hint="sysmon storage status")
        threading.Event().wait(_LOOK_SECONDS)


def _summary(done: Any) -> str:
    values, stored = done["values"], done["stored"]
    if stored == values:
        return f"{values} values imported."
    return f"{stored} of {values} values imported; of the others' times there were ticks already."
