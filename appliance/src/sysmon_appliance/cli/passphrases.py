"""Where the passphrase of a private key comes from."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sysmon_agent.config.sealing import MAX_KEY_BYTES, seal_key
from sysmon_agent.errors import SealError

_SHORTEST = 16  # what is shorter can be guessed by whoever has copied the file

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="File with the passphrase of the root's key; otherwise it is asked for on a terminal.",
    ),
]


def given_passphrase(file: Path | None) -> bytes | None:
    """Return the passphrase in a file, else the seal key of this process, else None.

    Raises
    ------
    SealError
        The file cannot be used, others may read it, or it holds too short a passphrase.
    """
    return _checked(_content(file), str(file)) if file is not None else seal_key(os.environ)


def asked_passphrase(*, new: bool) -> bytes | None:
    """Ask for a passphrase on a terminal; None where there is none, or for a new one where nothing is typed.

    Raises
    ------
    SealError
        A new passphrase is too short.
    """
    if not sys.stdin.isatty():
        return None
    question = "Passphrase for the root's key (empty: none)" if new else "Passphrase of the root's key"
    typed = typer.prompt(question, default="", show_default=False, hide_input=True, confirmation_prompt=new, err=True)
    if not new or not typed:
        return typed.encode() or None
    return _checked(typed.encode(), "The passphrase")


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & 0o077:
                raise SealError(f"Others may read {file}.", hint=f"chmod 600 {file}")
            return opened.read(MAX_KEY_BYTES + 2).rstrip(b"\r\n")
    except OSError as error:
        raise SealError(f"{file} cannot be read ({error.strerror}).", hint=f"ls -l {file}") from error


def _checked(passphrase: bytes, place: str) -> bytes:
    if _SHORTEST <= len(passphrase) <= MAX_KEY_BYTES:
        return passphrase
    raise SealError(f"{place}: a passphrase has {_SHORTEST} to {MAX_KEY_BYTES} bytes.", hint="openssl rand -base64 32")
