"""How commands fail: a line for machines and people, a hint, and the exit code that the error's class has."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from sysmon_agent.errors import ExitCode, SysmonError


class PermissionDeniedError(SysmonError):
    """The user may not do that."""

    code = "permission"
    exit_code = ExitCode.PERMISSION


class UntrustedError(SysmonError):
    """Who answers at a URL is not known to be the aggregator that is meant."""

    code = "untrusted"
    exit_code = ExitCode.PERMISSION


def report(error: SysmonError) -> None:
    """Say on standard error what went wrong and what to do."""
    typer.echo(f"error[{error.code}]: {error.message}", err=True)
    if error.hint:
        typer.echo(f"hint: {error.hint}", err=True)


@contextmanager
def guarded() -> Iterator[None]:
    """Turn our errors into their report and exit code; any other is a fault of ours and keeps its traceback."""
    try:
        yield
    except SysmonError as error:
        report(error)
        sys.exit(error.exit_code)
