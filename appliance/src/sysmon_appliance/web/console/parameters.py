"""Query parameters: declared beside each route, so that reading, refusing and documenting agree."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from sysmon_appliance.errors import BadRequestError

MAX_QUERY_BYTES = 8192
_MAX_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter: text unless it has bounds, which makes it an integer."""

    name: str
    help: str
    required: bool = False
    at_least: int | None = None
    at_most: int | None = None
    choices: tuple[str, ...] = ()
    most: int = 1  # how often it may be given

    @property
    def is_integer(self) -> bool:
        return self.at_least is not None

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        if self.is_integer:
            return f"a whole number from {self.at_least} to {self.at_most}"
        return "one of " + ", ".join(self.choices) if self.choices else f"text of at most {_MAX_TEXT} characters"


@dataclass(frozen=True, slots=True)
class Given:
    """Parameters of one request, checked."""

    texts: Mapping[str, tuple[str, ...]]

    def all(self, name: str) -> tuple[str, ...]:
        return self.texts.get(name, ())

    def text(self, name: str, default: str = "") -> str:
        values = self.texts.get(name, ())
        return values[0] if values else default

    def optional(self, name: str) -> str | None:
        values = self.texts.get(name, ())
        return values[0] if values else None

    def integer(self, name: str, default: int) -> int:
        values = self.texts.get(name, ())
        return int(values[0]) if values else default


def read(query: QueryParams, declared: tuple[Parameter, ...]) -> Given:
    """Check a query against what a route declares.

    Raises
    ------
    BadRequestError
        Names the parameter and what is allowed.
    """
    known = {parameter.name: parameter for parameter in declared}
    for name in query:
        if name not in known:
            raise BadRequestError(f"There is no parameter {name!r} here; there are: {', '.join(known) or 'none'}.")
    return Given({parameter.name: _checked(parameter, query) for parameter in declared if _present(parameter, query)})


def _present(parameter: Parameter, query: QueryParams) -> bool:
    if parameter.required and parameter.name not in query:
        raise BadRequestError(f"The parameter {parameter.name!r} is missing: {parameter.help}")
    return parameter.name in query


def _checked(parameter: Parameter, query: QueryParams) -> tuple[str, ...]:
    values = tuple(query.getlist(parameter.name))
    if len(values) > parameter.most:
        raise BadRequestError(f"The parameter {parameter.name!r} may be given {parameter.most} times at most.")
    for value in values:
        if not _is_allowed(parameter, value):
            raise BadRequestError(f"The parameter {parameter.name!r} must be {parameter.allowed}, not {value[:50]!r}.")
    return values


def _is_allowed(parameter: Parameter, value: str) -> bool:
    if parameter.is_integer:
        # Longer numbers than a time in milliseconds are never meant, and int() of very long ones is slow.
        return (
            value.isascii()
            and value.isdecimal()
            and len(value) <= 15
            and (parameter.at_least or 0) <= int(value) <= (parameter.at_most or 0)
        )
    return len(value) <= _MAX_TEXT and (not parameter.choices or value in parameter.choices)
