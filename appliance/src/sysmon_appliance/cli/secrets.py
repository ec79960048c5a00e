"""`sysmon secrets`: secrets that may stand in settings files, because only one key opens them."""

import base64
import os
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from sysmon_agent.config import sealed
from sysmon_agent.config.sealing import KEY_FILE_VARIABLE, read_key, seal_key
from sysmon_agent.errors import SealError
from sysmon_agent.wire.messages import DEFAULT_LIMITS
from sysmon_appliance.cli import options
from sysmon_appliance.cli.output import Cell, Format, Table, print_rows
from sysmon_appliance.cli.sealed_files import SETTINGS, rekey_file, sealed_values
from sysmon_appliance.errors import ConflictError, NotFoundError

_KEY_BYTES = 32
_LONGEST = DEFAULT_LIMITS.text_bytes  # no setting holds a longer text

app = typer.Typer(help="Seal passwords for settings files.", no_args_is_help=True, rich_markup_mode=None)

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Settings files, or sealed private keys.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", metavar="FILE", help=f"Seal key; by default the one that {KEY_FILE_VARIABLE} names."),
]


@app.command("init")
def init(file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the key goes; it must not exist.")]) -> None:
    """Make a seal key: 256 random bits in a file that only you can read."""
    key = base64.urlsafe_b64encode(os.urandom(_KEY_BYTES))
    _create(file, key + b"\n")
    typer.echo(f"The seal key {sealed.key_name(key)} is in {file}. Keep a copy where this machine cannot lose it.")
    typer.echo(f"{KEY_FILE_VARIABLE}={file.absolute()}")


@app.command("seal")
def seal(
    setting: Annotated[str, typer.Argument(metavar="SETTING", help="The setting that it is for.")],
    *,
    key_file: KeyFile = None,
    value_file: Annotated[
        Path | None,
        typer.Option("--value-file", metavar="FILE", help="Read the secret from a file instead of asking for it."),
    ] = None,
) -> None:
    """Print a secret as a sealed value, which opens in one setting only.

    The secret is asked for on a terminal, and read from standard input elsewhere.
    """
    _check_setting(setting)
    key = _key(key_file)
    typer.echo(sealed.seal(_secret(value_file), key=key, setting=setting))


@app.command("check")
def check(files: Files, *, key_file: KeyFile = None, output: options.Output = Format.TABLE) -> None:
    """Tell which sealed values of settings files open; no secret is shown."""
    key = _key(key_file)
    documents = [
        {"setting": value.setting, "place": value.place, "problem": value.problem(key)}
        for file in files
        for value in sealed_values(file)
    ]
    print_rows(
        output,
        lambda: Table(
            ("setting", "place", "state"),
            [(Cell(row["setting"]), Cell(row["place"]), Cell(row["problem"] or "opens")) for row in documents],
        ),
        "sealed",
        documents,
    )
    if failed := sum(bool(row["problem"]) for row in documents):
        raise SealError(f"{failed} of {len(documents)} sealed values do not open.", hint="sysmon secrets seal SETTING")


@app.command("rekey")
def rekey(
    files: Files,
    *,
    new_key_file: Annotated[Path, typer.Option("--new-key-file", metavar="FILE", help="The key to seal with.")],
    key_file: KeyFile = None,
) -> None:
    """Seal with another key what stands in settings files and private keys.

    May be repeated after an interruption: what the new key opens already is left as it is.
    """
    old, new = _key(key_file), read_key(str(new_key_file))
    for file in files:
        typer.echo(f"{file}: {rekey_file(file, old, new)} sealed with the key {sealed.key_name(new)}")


def _create(file: Path, content: bytes) -> None:
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError as error:
        raise ConflictError(
            f"{file} exists; what was sealed with it would be lost.", hint=f"sysmon secrets init {file}.new"
        ) from error
    except OSError as error:
        raise SealError(f"{file} cannot be written ({error.strerror}).", hint=f"ls -ld {file.parent}") from error


def _key(file: Path | None) -> bytes:
    key = read_key(str(file)) if file else seal_key(os.environ)
    if key is None:
        raise SealError("There is no seal key.", hint="sysmon secrets init FILE")
    return key


def _check_setting(name: str) -> None:
    known = {entry.key for entry in SETTINGS.values()}
    if name not in known:
        close = get_close_matches(name, sorted(known), n=1)
        raise NotFoundError(
            f"There is no setting `{name}`.",
            hint=f"sysmon secrets seal {close[0]}" if close else "sysmon-aggregator config show --effective",
        )


def _secret(file: Path | None) -> str:
    text = _asked_for() if file is None else _content(file)
    if not text or not text.isprintable() or len(text.encode()) > _LONGEST:
        raise SealError(
            f"A secret is one line of 1 to {_LONGEST} bytes, without control characters.",
            hint="sysmon secrets seal --help",
        )
    return text


def _asked_for() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Secret", hide_input=True, confirmation_prompt=True, err=True))
    return _without_newline(sys.stdin.read(_LONGEST + 3))


def _content(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return _without_newline(opened.read(_LONGEST + 3))
    except (OSError, UnicodeDecodeError) as error:
        raise SealError(f"{file} cannot be read as text.", hint=f"ls -l {file}") from error


def _without_newline(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
