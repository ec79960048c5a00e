"""How commands fail: a line for machines and people, a hint, and an exit code that scripts can rely on.

0 ok, 1 failure, 2 usage, 3 not found, 4 permission, 5 unreachable, 6 conflict, 7 partial.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from sysmon_agent.errors import SysmonError

PARTIAL = 7
_EXIT_CODES = {
    "bad_request": 2,
    "not_found": 3,
    "permission": 4,
    "forbidden": 4,
    "sign_in": 4,
    "unreachable": 5,
    "conflict": 6,
}


class PermissionDeniedError(SysmonError):
    """The user may not do that."""

    code = "permission"


class ConflictError(SysmonError):
    """Something else is in the way."""

    code = "conflict"


class AnswerError(SysmonError):
    """The aggregator answered with a problem, whose code this error takes over."""

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


def exit_code(error: SysmonError) -> int:
    return _EXIT_CODES.get(error.code, 1)


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
        sys.exit(exit_code(error))
