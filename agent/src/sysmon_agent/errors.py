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
    └── TransportError       the aggregator cannot be reached or won't answer

Each has a code for machines, a sentence for people, and a hint: the command that helps.
"""

from dataclasses import dataclass


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


class IdentityError(SysmonError):
    code = "identity"


class SealError(SysmonError):
    code = "seal"


class TokenError(SysmonError):
    code = "token"


class TransportError(SysmonError):
    code = "transport"
