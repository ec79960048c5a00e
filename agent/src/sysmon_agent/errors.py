"""The family of errors that people see.

    SysmonError
    ├── ConfigError          a settings file is wrong; every fault is listed
    ├── WireError            bytes from the other side are no message of ours
    │   ├── MalformedMessage
    │   └── OversizedMessage
    ├── SpoolError           the spool folder cannot be used
    │   └── SpoolInUseError  another agent uses it
    ├── IdentityError        certificate or key are missing or unusable
    ├── SealError            a seal key cannot be used, or does not open what was sealed
    ├── TokenError           a text is no join token, or was damaged on its way
    ├── TransportError       the aggregator cannot be reached or won't answer
    │   └── CertificateExpiredError  it ended the connection because this host's certificate has expired
    ├── AnswerError          the aggregator answers, and refuses
    └── EnrolmentError       this host cannot be enrolled, or its certificate not be renewed
        ├── StrangerError        who answers is not of the token's region
        ├── ClockError           the clocks of host and aggregator are too far apart
        ├── AlreadyEnrolledError the host has an identity
        └── WaitingError         somebody must approve the host first

Each has a code for machines, a sentence for people, a hint, which is the command that helps, and the exit code of a
command that ends with it.
"""

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """How every command of the product ends; scripts rely on it."""

    OK = 0
    FAILURE = 1
    USAGE = 2  # settings too
    NOT_FOUND = 3
    PERMISSION = 4
    UNREACHABLE = 5
    CONFLICT = 6
    PARTIAL = 7


class SysmonError(Exception):
    """Base of the family; never raised itself.

    Parameters
    ----------
    message
        One sentence that says what is wrong.
    hint
        A command to run next, or an empty string.
    """

    code = "error"
    exit_code = ExitCode.FAILURE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in the settings."""

    place: str  # FILE:LINE, the name of an environment variable, or that of an option
    problem: str  # a sentence without its full stop
    suggestion: str = ""  # what to write instead, or an empty string

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}" + (f"; {self.suggestion}" if self.suggestion else "")


class ConfigError(SysmonError):
    """The settings cannot be used; `faults` has everything that is wrong, and the message shows all of it."""

    code = "config"
    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__("\n  ".join([message, *map(str, faults)]), hint=hint)
        self.faults = faults


class WireError(SysmonError):
    code = "wire"


class MalformedMessage(WireError):  # noqa: N818 - named for what arrived, as in h11
    code = "malformed_message"


class OversizedMessage(WireError):  # noqa: N818 - named for what arrived, as in h11
    code = "oversized_message"


class SpoolError(SysmonError):
    code = "spool"


class SpoolInUseError(SpoolError):
    code = "spool_in_use"
    exit_code = ExitCode.CONFLICT


class IdentityError(SysmonError):
    code = "identity"
    exit_code = ExitCode.PERMISSION


class SealError(SysmonError):
    code = "seal"


class TokenError(SysmonError):
    code = "token"
    exit_code = ExitCode.USAGE


class TransportError(SysmonError):
    code = "transport"
    exit_code = ExitCode.UNREACHABLE


class ConsulError(SysmonError):
    code = "consul"
    exit_code = ExitCode.UNREACHABLE


class CertificateExpiredError(TransportError):
    code = "certificate_expired"
    exit_code = ExitCode.PERMISSION


class AnswerError(SysmonError):
    """The aggregator answered with a problem (RFC 9457), whose code this error takes over.

    `elsewhere` has the aggregators that it names, as HOST:PORT, the one that leads first.
    """

    def __init__(
        self, message: str, *, code: str, status: int, hint: str = "", elsewhere: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.status = status
        self.elsewhere = elsewhere
        self.exit_code = _EXIT_CODES.get(status, ExitCode.FAILURE)


_EXIT_CODES = {
    400: ExitCode.USAGE,
    401: ExitCode.PERMISSION,
    403: ExitCode.PERMISSION,
    404: ExitCode.NOT_FOUND,
    409: ExitCode.CONFLICT,
}
"""Of answers, by their status."""


class EnrolmentError(SysmonError):
    code = "enrolment"


class StrangerError(EnrolmentError):
    code = "stranger"
    exit_code = ExitCode.PERMISSION


class ClockError(EnrolmentError):
    code = "clock"


class AlreadyEnrolledError(EnrolmentError):
    code = "already_enrolled"
    exit_code = ExitCode.CONFLICT


class WaitingError(EnrolmentError):
    code = "waiting"
    exit_code = ExitCode.PARTIAL
