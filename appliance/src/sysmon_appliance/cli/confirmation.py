"""Asks before something cannot be undone."""

from typing import Annotated

import typer

from sysmon_appliance.errors import ConflictError

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def confirm(question: str, *, yes: bool) -> None:
    """Go on where the answer is yes, or `yes` was said beforehand.

    Raises
    ------
    ConflictError
        The answer is no, or there is nobody to give one.
    """
    if yes:
        return
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        agreed = False
    if not agreed:
        raise ConflictError("Nothing was changed; with --yes nothing is asked.")


def confirm_by_name(warning: str, name: str, *, yes: bool) -> None:
    """Go on where somebody types a name, so that what they are about to do is not done to another one by mistake.

    Raises
    ------
    ConflictError
        Another name was typed, or there is nobody to type it.
    """
    if yes:
        return
    typer.echo(warning, err=True)
    try:
        typed = typer.prompt(f"Type {name} to go on", err=True)
    except typer.Abort:
        typed = ""
    if typed.strip() != name:
        raise ConflictError("Nothing was changed; with --yes nothing is asked.")
