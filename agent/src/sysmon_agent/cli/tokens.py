"""Where a join token comes from, and how it stays out of sight."""

import argparse
import os
import sys
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path
from typing import NoReturn

from sysmon_agent.cli.handing import hand_over
from sysmon_agent.errors import TokenError
from sysmon_agent.wire.token import MAX_TOKEN_CHARACTERS, JoinToken, decode_token

STANDARD_INPUT = "-"


def token_from(options: argparse.Namespace) -> JoinToken:
    """Return the token: of a file, of standard input, or typed at the terminal.

    Raises
    ------
    TokenError
        There is none, or it is damaged.
    """
    return decode_token(_text(options.token_file))


def hide_token(options: argparse.Namespace, arguments: Sequence[str]) -> None:
    """Start anew with the token on a descriptor where it stands on the command line, which every user can read."""
    if options.token is not None:
        _start_anew([argument for argument in arguments if argument != options.token], options.token)


def _start_anew(arguments: Sequence[str], token: str) -> NoReturn:
    descriptor = hand_over(token.encode())
    command = [sys.executable, "-P", "-m", "sysmon_agent", *arguments, "--token-file", f"/dev/fd/{descriptor}"]
    os.execv(sys.executable, command)  # noqa: S606 - it is ourselves


def _text(file: str | None) -> str:
    if file is None and sys.stdin.isatty():
        return getpass("Join token: ")
    if file in {None, STANDARD_INPUT}:
        return sys.stdin.read(MAX_TOKEN_CHARACTERS + 1)
    try:
        with Path(str(file)).open(encoding="utf-8") as opened:
            return opened.read(MAX_TOKEN_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise TokenError(f"The token file {file} cannot be read ({error}).", hint=f"ls -l {file}") from error
