"""`sysmon history`: history as files, for other programs and from them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from sysmon_agent.clock import SystemClock
from sysmon_agent.errors import ConfigError
from sysmon_appliance.cli import history_import, options
from sysmon_appliance.cli.connection import connect
from sysmon_appliance.cli.progress import progress
from sysmon_appliance.cli.since import moment_of
from sysmon_appliance.errors import ConflictError
from sysmon_appliance.export.names import Detail, Format, format_of

app = typer.Typer(help="Write history to files, and read it from there.", no_args_is_help=True, rich_markup_mode=None)

_STANDARD = "-"

Form = Annotated[
    Format | None,
    typer.Option("--format", help="Format; by default what the file's name ends with says.", show_default=False),
]
Selectors = Annotated[
    list[str] | None,
    typer.Argument(metavar="[MATCH…]", help='Series such as system.cpu.time{cpu.mode!="idle"}; without any, all.'),
]


@app.command("export")
def export(  # noqa: PLR0913 - an option each
    file: Annotated[str, typer.Argument(metavar="FILE", help="File to write; - is standard output.")],
    match: Selectors = None,
    *,
    form: Form = None,
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="Only this host.")] = None,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="From when on: 2h, 30d, 2026-11-01.")] = "1d",
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Up to when.")] = None,
    level: Annotated[Detail, typer.Option("--level", help="Ticks, or rollups of a minute or an hour.")] = Detail.RAW,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    context: options.Context = None,
    socket: options.Socket = None,
) -> None:
    """Write values of series to a file: CSV, Parquet or OpenMetrics.

    Rollups are series with the attribute sysmon.statistic: min, max, mean, last and count.
    """
    from sysmon_appliance.cli.history_files import begin, write  # noqa: PLC0415 - loads NumPy, which takes a while

    chosen = form or format_of(file)
    now_ms = SystemClock().wall_ms()
    span = {"from": moment_of(since, now_ms), "to": moment_of(until, now_ms) if until else now_ms}
    asked = {"match": match or [], **span, "level": level.value} | ({"host": host} if host else {})
    with (
        connect(socket, context) as client,
        _output(file, force=force) as out,
        progress("Exporting") as advance,
    ):
        values = write(client, asked, begin(chosen, out), advance)
    typer.echo(f"{values} values written.", err=True)


@contextmanager
def _output(file: str, *, force: bool) -> Iterator[BinaryIO]:
    """Open what is written to; a file appears when it is whole."""
    if file == _STANDARD:
        yield sys.stdout.buffer
        return
    path = Path(file)
    if path.exists() and not force:
        raise ConflictError(f"{path} is there already.", hint=f"sysmon history export {path} --force")
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("wb") as out:
            yield out
        draft.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.", hint=f"ls -ld {path.parent}") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


app.command("import")(history_import.import_files)
